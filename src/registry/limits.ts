/**
 * How much of a registry's answers is taken. What it sends may be huge, false or endless, and what it says of sizes too:
 * each is held while it comes.
 */
export interface Limits {
  readonly manifestBytes: number;
  readonly configBytes: number;
  readonly tokenBytes: number;
  readonly layers: number;
  /** Of all layers as they are sent. */
  readonly packedBytes: number;
  /** Of all layers unpacked. */
  readonly unpackedBytes: number;
  /** How many times larger a layer may become, once it has become larger than `bytesBeforeInflation`. */
  readonly inflation: number;
  readonly bytesBeforeInflation: number;
  /** Of all layers: names in directories. The largest images have some 300,000. */
  readonly files: number;
  readonly redirects: number;
  readonly retries: number;
  /** The longest that a registry may ask to be left alone for, each time. */
  readonly secondsToWait: number;
  /** Without a byte. */
  readonly idleSeconds: number;
  /** For an image in all. */
  readonly seconds: number;
}

export const defaultLimits: Limits = {
  // What every registry has to take (OCI distribution specification, "Pushing Manifests").
  manifestBytes: 4 * 1024 * 1024,
  configBytes: 4 * 1024 * 1024,
  tokenBytes: 256 * 1024,
  // containerd and Docker mount at most 127 with overlayfs; rebased images have a few more that are empty.
  layers: 256,
  packedBytes: 16 * 1024 ** 3,
  unpackedBytes: 64 * 1024 ** 3,
  // gzip reaches 1,032 on zeros alone; of what images really have, text packs to a tenth at best.
  inflation: 200,
  bytesBeforeInflation: 64 * 1024 * 1024,
  files: 600_000,
  // As many as Go's client follows, by which containerd does.
  redirects: 10,
  retries: 3,
  secondsToWait: 30,
  idleSeconds: 30,
  seconds: 600,
};
