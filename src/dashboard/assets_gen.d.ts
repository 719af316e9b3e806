/** The type of assets.gen.ts, which is generated: a fresh checkout does not have it. */
declare module "*/assets.gen.ts" {
  export const FILES: readonly (readonly [path: string, length: number, gzip: string])[];
}
