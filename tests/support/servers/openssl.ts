/** The `openssl` program; tests that need it fail without it, with the package to install. */

/** Runs it in `folder`. */
export async function openssl(folder: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", {
    args: [...args],
    cwd: folder,
    stdin: "null",
  }).output().catch((error) => {
    throw new Error(`These tests need the program openssl (Debian package openssl): ${error}`);
  });
  if (!success) throw new Error(`openssl ${args[0]}: ${new TextDecoder().decode(stderr)}`);
}
