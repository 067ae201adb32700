import type { Alias, CST, Document, ParsedNode } from 'yaml';
import { Composer, isAlias, isCollection, isMap, Lexer, Parser } from 'yaml';
import { DocumentProblem } from './manifestError.ts';

/** The nodes of one document, their ranges counted from the start of the document's own text. */
export interface ParsedDocument {
  /** None in an empty document. */
  readonly root: ParsedNode | undefined;
  /** What each alias stands for: the nearest anchor of that name before it. */
  readonly targets: ReadonlyMap<Alias, ParsedNode>;
}

/** Deeper than any Kubernetes object, and far from the depth at which recursion ends. */
export const deepestNesting = 256;

/** All scalars come as text: what they say is read by kubectl's rules, not by a schema of the parser's. */
const textSchema = {
  schema: 'failsafe',
  resolveKnownTags: false,
  prettyErrors: false,
  uniqueKeys: false,
  strict: false,
  logLevel: 'silent',
} as const;

/**
 * Parses one document.
 *
 * @throws {DocumentProblem} for what is no YAML, nesting beyond 256, and aliases of anchors that are not there.
 */
export function parseDocument(text: string): ParsedDocument {
  const root = composeDocument(text)?.contents ?? undefined;
  return { root, targets: root !== undefined && text.includes('*') ? resolveAliases(root) : new Map() };
}

/**
 * One document as the YAML library knows it, with all that it needs to write it again; none where the text is empty.
 *
 * @throws {DocumentProblem} as parseDocument does, aliases apart.
 */
export function composeDocument(text: string): Document.Parsed<ParsedNode> | undefined {
  const parser = new Parser();
  const composer = new Composer<ParsedNode, true>(textSchema);
  const documents = [];
  const compose = (token: CST.Token): void => {
    refuseDeepNesting(token);
    documents.push(...composer.next(token));
  };
  for (const lexeme of makeLexer().lex(text)) for (const token of parser.next(lexeme)) compose(token);
  for (const token of parser.end()) compose(token);
  documents.push(...composer.end());
  const [first, second] = documents;
  const [problem] = documents.flatMap(({ errors }) => errors);
  if (problem !== undefined) throw new DocumentProblem(problem.pos[0], problem.message);
  if (second !== undefined) throw new DocumentProblem(second.range[0], 'one document too many; "---" is missing');
  return first;
}

/** What makeLexer changes in the library's lexer, which offers no other way. */
interface LexerInside {
  /** How far in the next line of a scalar has to stand. */
  indentNext: number;
  parseQuotedScalar: () => Generator<string, unknown>;
}

/**
 * A lexer that takes quoted text as Go does, however its further lines are indented. YAML wants them further in than the
 * key, and the library holds to that; manifests do not, and kubectl reads them.
 *
 * Source: go.yaml.in/yaml/v2 scannerc.go, `yaml_parser_scan_flow_scalar`.
 */
function makeLexer(): Lexer {
  const lexer = new Lexer();
  const inside = lexer as unknown as LexerInside;
  const parseQuotedScalar = inside.parseQuotedScalar.bind(lexer);
  inside.parseQuotedScalar = function* () {
    const { indentNext } = inside;
    inside.indentNext = 0;
    const next = yield* parseQuotedScalar();
    inside.indentNext = indentNext;
    return next;
  };
  return lexer;
}

/** The composer is recursive, so what is nested too deeply must not reach it. */
function refuseDeepNesting(token: CST.Token): void {
  const open: { readonly token: CST.Token; readonly depth: number }[] = [{ token, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const depth = next.depth + ('items' in next.token ? 1 : 0);
    if (depth > deepestNesting) throw new DocumentProblem(next.token.offset, `nested deeper than ${deepestNesting}`);
    for (const child of childrenOf(next.token)) open.push({ token: child, depth });
  }
}

function childrenOf(token: CST.Token): readonly CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value];
  if (!('items' in token)) return [];
  const children: CST.Token[] = [];
  for (const { key, value } of token.items) {
    if (key != null && 'items' in key) children.push(key);
    if (value != null && 'items' in value) children.push(value);
  }
  return children;
}

/**
 * What each alias stands for.
 *
 * @throws {DocumentProblem} for aliases without an anchor before them, and of what they stand in.
 */
export function resolveAliases(root: ParsedNode): ReadonlyMap<Alias, ParsedNode> {
  const targets = new Map<Alias, ParsedNode>();
  const anchors = new Map<string, ParsedNode>();
  const above = new Set<ParsedNode>();
  const visit = (node: ParsedNode): void => {
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target === undefined) throw new DocumentProblem(node.range[0], `no anchor "${node.source}" before its alias`);
      if (above.has(target)) throw new DocumentProblem(node.range[0], `what "${node.source}" names contains itself`);
      targets.set(node, target);
      return;
    }
    if (node.anchor !== undefined) anchors.set(node.anchor, node);
    if (!isCollection(node)) return;
    above.add(node);
    for (const child of childNodes(node)) visit(child);
    above.delete(node);
  };
  visit(root);
  return targets;
}

/** The keys and values of a map, the items of a list, in the order of the text; none of a scalar or an alias. */
export function childNodes(node: ParsedNode): readonly ParsedNode[] {
  if (!isCollection(node)) return [];
  if (isMap(node)) return node.items.flatMap(({ key, value }) => (value === null ? [key] : [key, value]));
  return node.items as readonly ParsedNode[];
}
