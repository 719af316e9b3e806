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
import { MapBuilder } from "./map_builder.ts";
import { plainScalar, plainValue, textScalar } from "./scalar.ts";
import { CODE, isFlowIndicator, OUTSIDE, Scanner } from "./scanner.ts";
import { emptyNode, ListNode, MapEntry, MapNode, MAX_NODES, type TreeNode } from "./tree.ts";

/** Maximum depth of nested collections; below the one of document.ts, and of any call stack. */
const MAX_DEPTH = 24;

const NO_ENTRIES: readonly MapEntry[] = [];

/** Longest key; YAML allows 1024 characters in front of the colon. */
const MAX_KEY = 1000;

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
  /** Entries of the maps that are being read, each map's after those of the maps around it. */
  readonly #entries: MapEntry[] = [];
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
    const { line, column } = scan;
    const map = new MapBuilder(scan, this.#entries);
    const block = { indent, inMap: true };
    do {
      const { line, column } = scan;
      const simple = scan.simpleEntry();
      if (simple !== null) {
        const entry = new MapEntry(simple[1]!, line, column);
        entry.value = this.#simpleValue(simple, entry, block);
        map.add(entry, false);
        continue;
      }
      const quoted = isQuote(scan.code);
      const entry = new MapEntry(this.#key(quoted), line, column);
      if (!scan.atColon()) scan.outside();
      scan.skip();
      entry.value = this.#value(entry, block);
      map.add(entry, quoted);
    } while (scan.indent === indent);
    if (scan.indent > indent) scan.outside();
    return this.#finishMap(map, line, column);
  }

  /** The value of an entry of one line, or the block below it. */
  #simpleValue(
    [, , value, braces]: RegExpExecArray,
    entry: MapEntry,
    block: Block,
  ): TreeNode {
    const column = entry.column + entry.key.length + 2;
    if (value !== undefined) return plainScalar(value, entry.line, column, entry);
    if (braces !== undefined) return new MapNode(NO_ENTRIES, 1, entry.line, column);
    return this.#below(entry, block, false);
  }

  /** A key in a block or in braces, without its colon. */
  #key(quoted: boolean, inFlow = false): string {
    const scan = this.#scan;
    const start = scan.at;
    const key = quoted ? scan.quoted() : scan.plain(inFlow);
    if (scan.at - start > MAX_KEY) scan.outside();
    return quoted ? key : this.#notNull(key);
  }

  /** A plain key, which must not be a word for null. */
  #notNull(key: string): string {
    if (key.length <= 4 && plainValue(key) === null) this.#scan.outside();
    return key;
  }

  #finishMap(map: MapBuilder, line: number, column: number): MapNode {
    const { entries, size, merged } = map.finish();
    this.#merged += merged;
    if (this.#merged > MAX_NODES) this.#scan.outside();
    this.#leave(size);
    return new MapNode(entries, size, line, column);
  }

  /** The list whose first `-` stands here, in column `indent`. */
  #list(indent: number): ListNode {
    const scan = this.#scan;
    this.#enter();
    const { line, column } = scan;
    const mark = { line, column };
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
    return new ListNode(items.slice(), size, line, column);
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
    const { line, column } = scan;
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
      value = quoted ? textScalar(text, line, column) : plainScalar(text, line, column, place);
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
    const { line, column } = scan;
    const folded = scan.code === CODE.greater;
    scan.skip();
    const stripped = scan.code === CODE.dash;
    if (stripped) scan.skip();
    if (scan.code !== CODE.lineFeed) scan.outside();
    scan.skipBreak();
    const lines = scan.blockLines(indent);
    scan.firstLine();
    const text = folded ? foldedText(lines) : lines.join("\n");
    return textScalar(stripped ? text : `${text}\n`, line, column);
  }

  /** A map or list in brackets, which may go on in further lines. */
  #flow(block: Block): TreeNode {
    const scan = this.#scan;
    this.#enter();
    const { line, column } = scan;
    const mark = { line, column };
    const isMap = scan.code === CODE.openMap;
    const end = isMap ? CODE.closeMap : CODE.closeList;
    const map = new MapBuilder(scan, this.#entries);
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
    if (isMap) return this.#finishMap(map, line, column);
    this.#leave(size);
    return new ListNode(items.slice(), size, line, column);
  }

  /** Skips blanks in brackets; `end` is the bracket that closes them. */
  #gap({ indent, inMap }: Block, end: number): void {
    const scan = this.#scan;
    if (!scan.skipBlank() || scan.before > indent) return;
    // The bracket that ends the value of a key may stand below the key.
    if (!inMap || scan.before !== indent || scan.code !== end) scan.outside();
  }

  #flowEntry(map: MapBuilder, block: Block): void {
    const scan = this.#scan;
    const { line, column } = scan;
    const pair = scan.simplePair();
    if (pair !== null) {
      const entry = new MapEntry(this.#notNull(pair[1]!), line, column);
      entry.value = plainScalar(pair[2]!, line, column + entry.key.length + 2, entry);
      return map.add(entry, false);
    }
    const quoted = isQuote(scan.code);
    const entry = new MapEntry(this.#key(quoted, true), line, column);
    entry.value = this.#flowEntryValue(entry, quoted, block);
    map.add(entry, quoted);
  }

  #flowEntryValue(key: Mark, quoted: boolean, block: Block): TreeNode {
    const scan = this.#scan;
    scan.skipSpaces();
    if (isEntryEnd(scan.code)) return emptyNode(key);
    if (scan.code !== CODE.colon) scan.outside();
    scan.skip();
    if (!quoted && scan.code !== CODE.space) scan.outside();
    scan.skipSpaces();
    return isEntryEnd(scan.code) ? emptyNode(key) : this.#flowValue(key, block);
  }

  /** A value in brackets. */
  #flowValue(place: Mark, block: Block): TreeNode {
    const scan = this.#scan;
    const anchor = scan.code === CODE.ampersand ? this.#anchor() : undefined;
    const { code, line, column } = scan;
    let value: TreeNode;
    if (code === CODE.openList || code === CODE.openMap) {
      value = this.#flow(block);
    } else if (code === CODE.star && anchor === undefined) {
      value = this.#alias();
    } else if (isQuote(code)) {
      value = textScalar(scan.quoted(), line, column);
    } else {
      value = plainScalar(scan.plain(true), line, column, place);
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
