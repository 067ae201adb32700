const words: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ELOOP: 'is a link in a circle',
  EMFILE: 'too many open files',
  EIO: 'input or output error',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space is left',
  ENOTDIR: 'is not a directory',
};

/** One line for people about a file that could not be read or written. */
export function describeFileError(file: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return `${file}: ${words[code] ?? (error instanceof Error ? error.message : String(error))}`;
}
