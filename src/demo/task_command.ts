/** The command that starts a task here, as a person would type it. */

/** Finds out from the search path; `isFile` reports whether a path is a file. */
export interface TaskCommandOptions {
  readonly path: string;
  readonly isFile: (path: string) => boolean;
  /** Version of the Deno that runs. */
  readonly version: string;
}

/**
 * `deno task` where deno is installed, else `npx -y deno@VERSION task`. npx puts the folder of its
 * copy on the path of the programs that it starts, which is not an installation.
 */
export function taskCommand({ path, isFile, version }: TaskCommandOptions): string {
  const folders = path.split(":").filter((folder) => folder !== "" && !folder.includes("/_npx/"));
  const installed = folders.some((folder) => isFile(`${folder}/deno`));
  return installed ? "deno task" : `npx -y deno@${version} task`;
}
