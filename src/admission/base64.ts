/** Base64 of JSON text. What is beyond ASCII is escaped first, which JSON reads as the same: `btoa` takes bytes alone. */
export function encodeJson(json: string): string {
  return btoa(json.replaceAll(/[\u0080-\uffff]/g, escapeUnit));
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
