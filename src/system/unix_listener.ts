/**
 * Creates a unix socket that only the owner and the group may connect to, at any moment. It is
 * created in a staging folder that is closed to others, gets its mode there, and is then renamed,
 * which also replaces a stale socket.
 */
import type net from "node:net";
import { MaglevError } from "../base/errors.ts";
import { stagingFolder } from "./launch/permissions.ts";

/** Reason for refusing the socket of a program that runs. */
export const SOCKET_IN_USE = "another program is listening on it";

/** Owner and group may connect. */
export const UNIX_SOCKET_MODE = 0o660;

/**
 * Listens on `path`. The result removes the socket, if it is still this one.
 *
 * @throws {MaglevError} `unavailable`: another program listens on it, or it is not a socket
 */
export async function bindUnixSocket(
  server: net.Server,
  path: string,
): Promise<() => Promise<void>> {
  // A stale socket is replaced by the rename.
  await isStaleSocket(path);
  const staging = stagingFolder(path);
  // Left by a process that was killed at that moment.
  await removeIfThere(staging);
  await Deno.mkdir(staging, { mode: 0o700 });
  try {
    const made = `${staging}/s`;
    await listenOn(server, made);
    await Deno.chmod(made, UNIX_SOCKET_MODE);
    await Deno.rename(made, path);
  } finally {
    await Deno.remove(staging, { recursive: true });
  }
  const { ino } = await Deno.lstat(path);
  return async () => {
    try {
      if ((await Deno.lstat(path)).ino === ino) await Deno.remove(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  };
}

async function removeIfThere(folder: string): Promise<void> {
  try {
    await Deno.remove(folder, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * True for a socket that refuses connections, because the process that made it is gone; false when
 * there is nothing at `path`.
 *
 * @throws {MaglevError} `unavailable`: a program listens there, or it is something else
 */
export async function isStaleSocket(path: string): Promise<boolean> {
  const refuse = (reason: string) => new MaglevError("unavailable", reason);
  try {
    const { isSocket } = await Deno.lstat(path);
    if (isSocket !== true) throw refuse("the file already exists and is not a socket");
    (await Deno.connect({ transport: "unix", path })).close();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    if (error instanceof Deno.errors.ConnectionRefused) return true;
    throw error;
  }
  throw refuse(SOCKET_IN_USE);
}

function listenOn(server: net.Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      server.on("error", () => {});
      resolve();
    });
  });
}
