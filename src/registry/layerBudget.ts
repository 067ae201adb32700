/** What has been taken of an image's layers so far. */
export interface LayerBudget {
  unpackedBytes: number;
  scriptBytes: number;
}
