/**
 * The files of the page, which the build embeds in assets.gen.ts as gzip in base64. A checkout
 * without that file serves everything but the page.
 */
/// <reference types="./assets_gen.d.ts" />
import { gunzipSync, gzipSync } from "node:zlib";

/** One file. */
export interface Asset {
  /** Value of `Content-Type`. */
  readonly type: string;
  readonly gzip: Uint8Array;
  /** Its name changes with its content, so that it may be kept for a year. */
  readonly immutable: boolean;
}

export interface Assets {
  /** The page under view/, and the same page under admin/. */
  readonly view: Asset;
  readonly admin: Asset;
  /** All other files, by path below view/. */
  readonly files: ReadonlyMap<string, Asset>;
}

/** As the build writes them: path below view/, length in bytes, gzip in base64. */
export type EmbeddedFile = readonly [path: string, length: number, gzip: string];

export const NOT_BUILT = "the dashboard's page is not built; run `deno task setup`";

/** The files; or NOT_BUILT. */
export async function loadAssets(): Promise<Assets | string> {
  try {
    const { FILES } = await import("./assets.gen.ts");
    return assetsOf(FILES);
  } catch (error) {
    if (error instanceof TypeError && error.message.startsWith("Module not found")) {
      return NOT_BUILT;
    }
    throw error;
  }
}

/** Decodes the files. */
export function assetsOf(embedded: readonly EmbeddedFile[]): Assets {
  const files = new Map<string, Asset>();
  let index: Asset | undefined;
  for (const [path, , gzip] of embedded) {
    const asset: Asset = {
      type: TYPES[path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream",
      gzip: Uint8Array.fromBase64(gzip),
      immutable: path.startsWith("assets/"),
    };
    if (path === "index.html") index = asset;
    else files.set(path, asset);
  }
  if (index === undefined) throw new Error("cannot use assets.gen.ts: it has no index.html");
  return { view: index, admin: { ...index, gzip: adminPage(index.gzip) }, files };
}

/**
 * The page as it is under admin/: files, worker and stream exist once, under view/, and need no
 * login there. A worker is shared by tabs only when its URL is the same.
 */
function adminPage(gzip: Uint8Array): Uint8Array {
  const html = new TextDecoder().decode(gunzipSync(gzip));
  return gzipSync(html.replaceAll(/(\s(?:src|href)=["'])\.\//g, "$1../view/"), { level: 9 });
}

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  map: "application/json",
  png: "image/png",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
  woff2: "font/woff2",
};
