import assert from "node:assert/strict";
import { FakeClock, settle } from "../../tests/support/fakes/fake_clock.ts";
import { ReplacedFile } from "./replaced_file.ts";

Deno.test("ReplacedFile writes a content that is set in any turn around the end of a write", async () => {
  for (let turns = 0; turns < 8; turns++) {
    const contents: string[] = [];
    let end = () => {};
    const write = (text: string) => {
      contents.push(text);
      return new Promise<void>((resolve) => end = resolve);
    };
    const onFailure = () => assert.fail("nothing fails");
    const file = new ReplacedFile({ write, clock: new FakeClock(), onFailure }, undefined);
    file.set("one");
    end();
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    file.set("two");
    const closed = file.close();
    await settle();
    end();
    await closed;
    assert.deepEqual(contents, ["one", "two"], `${turns} turns after the first write`);
    assert.equal(file.stale, false);
  }
});
