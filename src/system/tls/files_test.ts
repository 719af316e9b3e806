import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { certificates } from "../../../tests/support/servers/certificates.ts";
import { withFolder } from "../../../tests/support/servers/daemon.ts";
import { until } from "../../../tests/support/worlds/http_world.ts";
import { KeyPairWatch, readKeyPair, WATCH_INTERVAL_MS } from "./files.ts";
import type { KeyPair } from "../../base/tls/key_pair.ts";

Deno.test("KeyPairWatch takes a new pair when it is whole, and reports each reason against one once", async () => {
  const made = await certificates();
  await withFolder(async (folder) => {
    const paths = { cert: `${folder}/cert`, key: `${folder}/key` };
    await Deno.writeTextFile(paths.cert, made.of("good").cert);
    await Deno.writeTextFile(paths.key, made.of("good").key);
    const clock = new FakeClock();
    const renewed: KeyPair[] = [];
    const refused: string[] = [];
    let broken = false;
    const watch = new KeyPairWatch({
      paths,
      current: await readKeyPair(paths),
      clock,
      renewed: (pair) => {
        if (broken) throw new Error("no");
        renewed.push(pair);
      },
      refused: ({ message }) => refused.push(message),
    });
    watch.start();
    const look = async () => {
      assert.equal(clock.nextDueMs, clock.monotonicMs() + WATCH_INTERVAL_MS);
      clock.advance(WATCH_INTERVAL_MS);
      await until(() => clock.timers === 1);
    };
    await look();
    assert.deepEqual([renewed, refused], [[], []], "unchanged");
    await Deno.writeTextFile(paths.cert, made.of("renewed").cert);
    await look();
    await look();
    assert.deepEqual(renewed, []);
    assert.equal(refused.length, 1, refused.join("\n"));
    assert.match(refused[0]!, /it is not the key of the certificate in .*\/cert$/);
    await Deno.remove(paths.key);
    await look();
    assert.match(refused[1]!, /\/key: no such file$/);
    broken = true;
    await Deno.writeTextFile(paths.key, made.of("renewed").key);
    await look();
    assert.deepEqual([renewed, refused[2]], [[], "no"]);
    broken = false;
    await look();
    await look();
    assert.deepEqual(renewed, [await readKeyPair(paths)]);
    // The same reason is worth a word again after a good pair.
    await Deno.remove(paths.key);
    await look();
    assert.equal(refused.length, 4);
    await watch.stop();
    await watch.stop();
    assert.equal(clock.timers, 0);
  });
});
