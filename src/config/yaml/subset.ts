/**
 * Reads the common subset of YAML, in which configurations are written, ten times as fast as
 * document.ts reads all of YAML.
 *
 * The subset: maps and lists as blocks and in brackets, plain and quoted scalars of one line, simple
 * block scalars, comments, anchors, aliases, merge keys, one `---` in a line of its own. A text
 * outside of it, and every text with an error, is left to document.ts, so that there is one set of
 * rules for what is accepted and one set of messages. Hence the rule for changes: when in doubt, a
 * construct is outside. subset_test.ts compares the two readers.
 */
import type { Mark } from "../schema/types.ts";
import { plainScalar, plainValue, textScalar } from "./scalar.ts";
import { CODE, isFlowIndicator, OUTSIDE, Scanner, type SimpleEntry } from "./scanner.ts";
import { emptyNode, ListNode, MapEntry, MapNode, MAX_NODES, type TreeNode } from "./tree.ts";

/** Maximum depth of nested collections; below the one of document.ts, and of any call stack. */
const MAX_DEPTH = 24;

/** Longest key; YAML allows 1024 characters in front of the colon. */
const MAX_KEY = 1000;

/** From this number of entries a set finds duplicate keys, below it a loop. */
const MANY_ENTRIES = 12;

/**
 * The tree of `text`; undefined when the text is outside the subset or has an error. `text` has no
 * byte order mark and no control characters but tabs and line breaks. At most `maxLexemes` words
 * and signs are inside the subset.
 */
export function readSubset(text: string, maxLexemes: number): TreeNode | undefined {
  try {
    return new SubsetReader(new Scanner(text, maxLexemes)).read();
  } catch (error) {
    if (error === OUTSIDE) return undefined;
    throw error;
  }
}

class SubsetReader {
  readonly #scan: Scanner;
  /** Nodes that are finished. */
  readonly #anchors = new Map<string, TreeNode>();
  #depth = 0;
  #merged = 0;

  constructor(scan: Scanner) {
    this.#scan = scan;
  }

  read(): TreeNode {
    const scan = this.#scan;
    scan.firstLine();
    if (scan.atDocumentStart()) {
      scan.skipDocumentStart();
      scan.nextLine();
    }
    if (scan.indent < 0) return emptyNode({ line: 1, column: 1 });
    const tree = this.#root();
    if (scan.indent >= 0) scan.outside();
    return tree;
  }

  #root(): TreeNode {
    const scan = this.#scan;
    const { code } = scan;
    if (code !== CODE.openMap && code !== CODE.openList) return this.#block();
    const tree = this.#flow({ indent: -1, inMap: false });
    scan.nextLine();
    return tree;
  }

  /** The map or list that begins here. */
  #block(): TreeNode {
    return this.#scan.atDash() ? this.#list(this.#scan.indent) : this.#map(this.#scan.indent);
  }

  /** The map whose first key stands here, in column `indent`. */
  #map(indent: number): MapNode {
    const scan = this.#scan;
    this.#enter();
    const mark = scan.mark();
    const map = new MapBuilder(scan);
    const block = { indent, inMap: true };
    do {
      const keyMark = scan.mark();
      const simple = scan.simpleEntry();
      if (simple !== undefined) {
        const { key } = simple;
        map.add(new MapEntry(key, this.#simpleValue(simple, keyMark, block), keyMark), false);
        continue;
      }
      const quoted = isQuote(scan.code);
      const key = this.#key(quoted);
      if (!scan.atColon()) scan.outside();
      scan.skip();
      map.add(new MapEntry(key, this.#value(keyMark, block), keyMark), quoted);
    } while (scan.indent === indent);
    if (scan.indent > indent) scan.outside();
    return this.#finishMap(map, mark);
  }

  /** The value of an entry of one line, or the block below it. */
  #simpleValue({ key, value }: SimpleEntry, keyMark: Mark, block: Block): TreeNode {
    if (value === undefined) return this.#below(keyMark, block, false);
    const column = keyMark.column + key.length + 2;
    return plainScalar(value, { line: keyMark.line, column }, keyMark);
  }

  /** A key in a block or in braces, without its colon. */
  #key(quoted: boolean, inFlow = false): string {
    const scan = this.#scan;
    const start = scan.at;
    const key = quoted ? scan.quoted() : scan.plain(inFlow);
    if (scan.at - start > MAX_KEY) scan.outside();
    if (!quoted && key.length <= 4 && plainValue(key) === null) scan.outside();
    return key;
  }

  #finishMap(map: MapBuilder, mark: Mark): MapNode {
    const { entries, size, merged } = map.finish();
    this.#merged += merged;
    if (this.#merged > MAX_NODES) this.#scan.outside();
    this.#leave(size);
    return new MapNode(entries, size, mark);
  }

  /** The list whose first `-` stands here, in column `indent`. */
  #list(indent: number): ListNode {
    const scan = this.#scan;
    this.#enter();
    const mark = scan.mark();
    const block = { indent, inMap: false };
    const items: TreeNode[] = [];
    let size = 1;
    do {
      scan.skip();
      const item = this.#value(mark, block);
      size += item.size;
      items.push(item);
    } while (scan.indent === indent && scan.atDash());
    if (scan.indent > indent) scan.outside();
    this.#leave(size);
    return new ListNode(items.slice(), size, mark);
  }

  /** The value after a colon or dash; `place` is that of a value that is absent. */
  #value(place: Mark, block: Block): TreeNode {
    const scan = this.#scan;
    scan.skipSpaces();
    const anchor = scan.code === CODE.ampersand ? this.#anchor() : undefined;
    let value: TreeNode;
    if (scan.atLineEnd()) {
      scan.nextLine();
      value = this.#below(place, block, anchor !== undefined);
    } else {
      value = this.#inline(place, block, anchor !== undefined);
    }
    if (anchor !== undefined) this.#anchors.set(anchor, value);
    return value;
  }

  #anchor(): string {
    const scan = this.#scan;
    const name = scan.name();
    if (scan.code !== CODE.space && !scan.atLineEnd()) scan.outside();
    scan.skipSpaces();
    // An alias inside of its own anchor is an error, even if the name was set before.
    this.#anchors.delete(name);
    return name;
  }

  #below(place: Mark, { indent, inMap }: Block, anchored: boolean): TreeNode {
    const scan = this.#scan;
    if (scan.indent > indent) return this.#block();
    if (scan.indent === indent && inMap && scan.atDash()) {
      return anchored ? scan.outside() : this.#list(indent);
    }
    return emptyNode(place);
  }

  /** A value in the line of its colon or dash. */
  #inline(place: Mark, block: Block, anchored: boolean): TreeNode {
    const scan = this.#scan;
    const { code, at } = scan;
    if (code === CODE.bar || code === CODE.greater) return this.#blockScalar(block.indent);
    const compact = !block.inMap && !anchored;
    if (compact && scan.atDash()) return this.#compact();
    const mark = scan.mark();
    let value: TreeNode;
    if (code === CODE.openList || code === CODE.openMap) value = this.#flow(block);
    else if (code === CODE.star) value = anchored ? scan.outside() : this.#alias();
    else {
      const quoted = isQuote(code);
      const text = quoted ? scan.quoted() : scan.plain(false);
      if (scan.atColon()) {
        if (!compact) scan.outside();
        scan.back(at);
        return this.#compact();
      }
      value = quoted ? textScalar(text, mark) : plainScalar(text, mark, place);
    }
    scan.nextLine();
    return value;
  }

  /** A map or list that begins in the line of the dash before it. */
  #compact(): TreeNode {
    this.#scan.indentHere();
    return this.#block();
  }

  #alias(): TreeNode {
    return this.#anchors.get(this.#scan.name()) ?? this.#scan.outside();
  }

  #blockScalar(indent: number): TreeNode {
    const scan = this.#scan;
    const mark = scan.mark();
    const folded = scan.code === CODE.greater;
    scan.skip();
    const stripped = scan.code === CODE.dash;
    if (stripped) scan.skip();
    if (scan.code !== CODE.lineFeed) scan.outside();
    scan.skipBreak();
    const lines = scan.blockLines(indent);
    scan.firstLine();
    const text = folded ? foldedText(lines) : lines.join("\n");
    return textScalar(stripped ? text : `${text}\n`, mark);
  }

  /** A map or list in brackets, which may go on in further lines. */
  #flow(block: Block): TreeNode {
    const scan = this.#scan;
    this.#enter();
    const mark = scan.mark();
    const isMap = scan.code === CODE.openMap;
    const end = isMap ? CODE.closeMap : CODE.closeList;
    const map = new MapBuilder(scan);
    const items: TreeNode[] = [];
    let size = 1;
    const within = block.inMap ? { indent: block.indent, inMap: false } : block;
    scan.skip();
    for (this.#gap(block, end); scan.code !== end; this.#gap(block, end)) {
      if (isMap) this.#flowEntry(map, within);
      else {
        const item = this.#flowValue(mark, within);
        size += item.size;
        items.push(item);
      }
      this.#gap(block, end);
      if (scan.code === CODE.comma) scan.skip();
      else if (scan.code !== end) scan.outside();
    }
    scan.skip();
    if (isMap) return this.#finishMap(map, mark);
    this.#leave(size);
    return new ListNode(items.slice(), size, mark);
  }

  /** Skips blanks in brackets; `end` is the bracket that closes them. */
  #gap({ indent, inMap }: Block, end: number): void {
    const scan = this.#scan;
    if (!scan.skipBlank() || scan.column > indent) return;
    // The bracket that ends the value of a key may stand below the key.
    if (!inMap || scan.column !== indent || scan.code !== end) scan.outside();
  }

  #flowEntry(map: MapBuilder, block: Block): void {
    const scan = this.#scan;
    const keyMark = scan.mark();
    const quoted = isQuote(scan.code);
    const key = this.#key(quoted, true);
    scan.skipSpaces();
    if (isEntryEnd(scan.code)) {
      map.add(new MapEntry(key, emptyNode(keyMark), keyMark), quoted);
      return;
    }
    if (scan.code !== CODE.colon) scan.outside();
    scan.skip();
    if (!quoted && scan.code !== CODE.space) scan.outside();
    scan.skipSpaces();
    const value = isEntryEnd(scan.code) ? emptyNode(keyMark) : this.#flowValue(keyMark, block);
    map.add(new MapEntry(key, value, keyMark), quoted);
  }

  /** A value in brackets. */
  #flowValue(place: Mark, block: Block): TreeNode {
    const scan = this.#scan;
    const anchor = scan.code === CODE.ampersand ? this.#anchor() : undefined;
    const mark = scan.mark();
    const { code } = scan;
    let value: TreeNode;
    if (code === CODE.openList || code === CODE.openMap) {
      value = this.#flow(block);
    } else if (code === CODE.star && anchor === undefined) {
      value = this.#alias();
    } else if (isQuote(code)) {
      value = textScalar(scan.quoted(), mark);
    } else {
      value = plainScalar(scan.plain(true), mark, place);
    }
    if (anchor !== undefined) this.#anchors.set(anchor, value);
    if (!scan.atLineEnd() && scan.code !== CODE.space && !isFlowIndicator(scan.code)) {
      scan.outside();
    }
    return value;
  }

  #enter(): void {
    if (++this.#depth > MAX_DEPTH) this.#scan.outside();
  }

  #leave(size: number): void {
    this.#depth--;
    if (size > MAX_NODES) this.#scan.outside();
  }
}

/** Collects the entries of a map. */
class MapBuilder {
  readonly #scan: Scanner;
  readonly #entries: MapEntry[] = [];
  #merges: MapNode[] | undefined;
  #names: Set<string> | undefined;

  constructor(scan: Scanner) {
    this.#scan = scan;
  }

  add(entry: MapEntry, quoted: boolean): void {
    if (!quoted && entry.key === "<<") this.#addMerge(entry.value);
    else if (this.#has(entry.key)) this.#scan.outside();
    else this.#push(entry);
  }

  #addMerge(value: TreeNode): void {
    for (const source of value.kind === "list" ? value.items : [value]) {
      if (source.kind !== "map") this.#scan.outside();
      else (this.#merges ??= []).push(source);
    }
  }

  #has(key: string): boolean {
    if (this.#names !== undefined) return this.#names.has(key);
    for (const entry of this.#entries) if (entry.key === key) return true;
    return false;
  }

  #push(entry: MapEntry): void {
    this.#entries.push(entry);
    if (this.#names !== undefined) this.#names.add(entry.key);
    else if (this.#entries.length >= MANY_ENTRIES) {
      this.#names = new Set(this.#entries.map(({ key }) => key));
    }
  }

  /** Merges; own keys win, then those of earlier sources. `merged`: entries of all sources. */
  finish(): { entries: readonly MapEntry[]; size: number; merged: number } {
    let merged = 0;
    for (const source of this.#merges ?? []) {
      merged += source.entries.length;
      if (merged > MAX_NODES) this.#scan.outside();
      for (const entry of source.entries) if (!this.#has(entry.key)) this.#push(entry);
    }
    let size = 1;
    for (const entry of this.#entries) size += 1 + entry.value.size;
    // The copy has no room for more entries.
    return { entries: this.#entries.slice(), size, merged };
  }
}

/** Where a value stands. */
interface Block {
  /** Column of the key or dash before it; -1 for the value that is the whole text. */
  readonly indent: number;
  /** True for the value of a key, false for an item of a list or in brackets. */
  readonly inMap: boolean;
}

function isEntryEnd(code: number): boolean {
  return code === CODE.comma || code === CODE.closeMap;
}

function isQuote(code: number): boolean {
  return code === CODE.quote || code === CODE.doubleQuote;
}

/** Folds the lines of a block scalar; empty ones stand for line breaks. */
function foldedText(lines: readonly string[]): string {
  let text = lines[0] ?? "";
  let breaks = "";
  for (const line of lines.slice(1)) {
    if (line === "") breaks += "\n";
    else {
      text += (breaks === "" ? " " : breaks) + line;
      breaks = "";
    }
  }
  return text;
}
