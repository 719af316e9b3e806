/** The SharedWorker: one stream of events for all tabs of a browser. */
import { BROWSER } from "./browser.ts";
import { FeedHost, type TabPort } from "./feed_host.ts";

const host = new FeedHost(BROWSER);
self.addEventListener("connect", (event) => {
  host.connect((event as MessageEvent).ports[0] as unknown as TabPort);
});
