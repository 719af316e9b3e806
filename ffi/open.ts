/**
 * Finds and opens the shim, on request only: a daemon that needs nothing of it runs without. It is
 * `build/maglev_shim.so` of the checkout, or what the environment variable MAGLEV_SHIM names.
 */
import { SHIM_ABI, SYMBOLS } from "./symbols.ts";

/** The functions of the shim; see symbols.ts. */
export type ShimCalls = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** Name of a function of the shim. */
export type ShimName = keyof ShimCalls;

/** An open shim with the functions `N`. */
export interface Shim<N extends ShimName = ShimName> {
  readonly calls: Pick<ShimCalls, N>;
  /** Closes it; its functions must not be called afterwards. Idempotent. */
  close(): void;
}

/** The shim, or the reason why it cannot be opened, with the fix, in one sentence. */
export type ShimResult<N extends ShimName = ShimName> =
  | { readonly kind: "ok"; readonly shim: Shim<N> }
  | {
    readonly kind: "error";
    /** `absent`: no such file; `version`: made for another one; `refused`: not permitted. */
    readonly reason: "absent" | "version" | "refused";
    readonly message: string;
  };

const FIX = "`deno task setup` builds it, and MAGLEV_SHIM names it when it is elsewhere";

const LACKING = "the program was started without that permission; start it by its launcher " +
  "(`deno task`), which takes the path from MAGLEV_SHIM";

/**
 * Opens the shim with these functions; default: all. Needs read of MAGLEV_SHIM and `--allow-ffi`
 * for its path. Deno compiles a trampoline for each function: 8 ms for all, 0.3 ms for two.
 */
export function openShim<N extends ShimName = ShimName>(names?: readonly N[]): ShimResult<N> {
  let path = "";
  try {
    path = shimPath();
    return checked(Deno.dlopen(path, symbolsOf(names)), path);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error.name === "NotCapable") {
      return refused(
        path === ""
          ? `cannot read MAGLEV_SHIM: ${LACKING}`
          : `cannot load the shim ${path}: ${LACKING}`,
      );
    }
    return lacksFunction(error) ? otherVersion(path) : absent(path, error);
  }
}

/** The path of the shim. */
export function shimPath(): string {
  const named = Deno.env.get("MAGLEV_SHIM") ?? "";
  return named !== "" ? named : new URL("../build/maglev_shim.so", import.meta.url).pathname;
}

function symbolsOf(names: readonly ShimName[] | undefined): typeof SYMBOLS {
  if (names === undefined) return SYMBOLS;
  const all: readonly ShimName[] = ["maglev_shim_abi", ...names];
  // The types of openShim() give callers no other function.
  return Object.fromEntries(all.map((name) => [name, SYMBOLS[name]])) as typeof SYMBOLS;
}

function checked(library: Deno.DynamicLibrary<typeof SYMBOLS>, path: string): ShimResult {
  const version = library.symbols.maglev_shim_abi();
  if (version !== SHIM_ABI) {
    library.close();
    return otherVersion(path, version);
  }
  let open = true;
  return {
    kind: "ok",
    shim: {
      calls: library.symbols,
      close() {
        if (open) library.close();
        open = false;
      },
    },
  };
}

/** A library without one of these functions is an older shim, or not a shim. */
function lacksFunction(error: Error): boolean {
  return error.message.includes("register symbol");
}

function refused(message: string): ShimResult {
  return { kind: "error", reason: "refused", message };
}

function otherVersion(path: string, version?: number): ShimResult {
  const has = version === undefined ? "is of another version" : `has version ${version}`;
  return {
    kind: "error",
    reason: "version",
    message: `the shim ${path} ${has}, and version ${SHIM_ABI} is needed: ${FIX}`,
  };
}

function absent(path: string, error: Error): ShimResult {
  return {
    kind: "error",
    reason: "absent",
    message: `the shim ${path} cannot be loaded: ${error.message}: ${FIX}`,
  };
}
