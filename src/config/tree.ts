/**
 * The tree of a YAML document: maps, lists and scalars with line and column, independent of the
 * `yaml` library.
 *
 * Aliases are shared nodes that carry the size they would have when written out, so that a file
 * that expands without end ("billion laughs") is refused by arithmetic and costs nothing.
 * Rejected: toJS() of the library, which loses positions and expands first.
 */
import { quote } from "../base/text.ts";
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  Scalar,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { type IssueList, joinPath } from "./issue.ts";
import type { Mark } from "./schema/types.ts";

/** Nodes of the tree with every alias written out. */
const MAX_NODES = 1_000_000;

export interface ScalarNode {
  readonly kind: "scalar";
  /** As the YAML 1.2 core schema resolves it. */
  readonly value: string | number | boolean | null;
  /** As written, without quotes. */
  readonly text: string;
  /** False when it was quoted or a block, and is therefore a text in any form. */
  readonly plain: boolean;
  readonly mark: Mark;
  readonly size: 1;
}

export interface MapNode {
  readonly kind: "map";
  /** Keys are different from each other; in the order of the file. */
  readonly entries: readonly MapEntry[];
  readonly mark: Mark;
  /** Nodes in it, itself included, with every alias written out. */
  readonly size: number;
}

export interface MapEntry {
  readonly key: string;
  readonly keyMark: Mark;
  readonly value: TreeNode;
}

export interface ListNode {
  readonly kind: "list";
  readonly items: readonly TreeNode[];
  readonly mark: Mark;
  readonly size: number;
}

export type TreeNode = ScalarNode | MapNode | ListNode;

/** The context for building a tree. */
export interface BuildOptions {
  /** Offset in the text → place. */
  readonly markAt: (offset: number) => Mark;
  readonly issues: IssueList;
}

/** The tree of a composed document, or undefined when it has issues, which are then in `issues`. */
export function buildTree(root: unknown, options: BuildOptions): TreeNode | undefined {
  return new TreeBuilder(options).build(root);
}

/** Stands for an anchor whose node is not finished: an alias to it would contain itself. */
const UNFINISHED = Symbol("unfinished");

/** Thrown and caught here only: the tree cannot be built, the reason is in the issues. */
class GiveUp extends Error {}

class TreeBuilder {
  readonly #markAt: (offset: number) => Mark;
  readonly #issues: IssueList;
  readonly #anchors = new Map<string, TreeNode | typeof UNFINISHED>();
  #merged = 0;

  constructor(options: BuildOptions) {
    this.#markAt = options.markAt;
    this.#issues = options.issues;
  }

  build(root: unknown): TreeNode | undefined {
    try {
      const tree = this.#node(root, { mark: { line: 1, column: 1 }, path: "" });
      return this.#issues.hasErrors ? undefined : tree;
    } catch (error) {
      if (error instanceof GiveUp) return undefined;
      throw error;
    }
  }

  /** `place` is that of the key, or of the enclosing node for an item without a key. */
  #node(node: unknown, place: { mark: Mark; path: string }): TreeNode {
    if (isAlias(node)) {
      const mark = this.#mark(node, place.mark);
      return this.#alias(node.source, { mark, path: place.path });
    }
    if (isScalar(node)) return this.#anchored(node.anchor, this.#scalar(node, place.mark));
    if (!isMap(node) && !isSeq(node)) return emptyNode(place.mark);
    const anchor = node.anchor;
    if (anchor !== undefined) this.#anchors.set(anchor, UNFINISHED);
    const here = { mark: this.#mark(node, place.mark), path: place.path };
    const built = isMap(node) ? this.#map(node, here) : this.#list(node, here);
    if (built.size > MAX_NODES) this.#tooBig(here);
    return this.#anchored(anchor, built);
  }

  #anchored(anchor: string | undefined, node: TreeNode): TreeNode {
    if (anchor !== undefined) this.#anchors.set(anchor, node);
    return node;
  }

  #alias(name: string, place: { mark: Mark; path: string }): TreeNode {
    const target = this.#anchors.get(name);
    if (target !== undefined && target !== UNFINISHED) return target;
    const what = target === undefined
      ? `no anchor ${quote(`&${name}`)} is set before this alias`
      : `the alias ${quote(`*${name}`)} stands inside its own anchor`;
    this.#issues.add("bad-alias", place, what);
    return emptyNode(place.mark);
  }

  #scalar(node: Scalar, keyMark: Mark): ScalarNode {
    const plain = node.type === Scalar.PLAIN || node.type === undefined;
    const { value } = node;
    const known = typeof value === "string" || typeof value === "number" ||
      typeof value === "boolean";
    if (!known) return { ...emptyNode(keyMark), text: node.source ?? "", plain };
    const text = plain ? node.source ?? String(value) : String(value);
    return { kind: "scalar", value, text, plain, mark: this.#mark(node, keyMark), size: 1 };
  }

  #list(node: YAMLSeq, place: { mark: Mark; path: string }): ListNode {
    let size = 1;
    const items: TreeNode[] = [];
    for (const [index, item] of node.items.entries()) {
      const built = this.#node(item, { mark: place.mark, path: `${place.path}[${index}]` });
      size += built.size;
      items.push(built);
    }
    return { kind: "list", items, mark: place.mark, size };
  }

  #map(node: YAMLMap, place: { mark: Mark; path: string }): MapNode {
    const entries = new Map<string, MapEntry>();
    const merges: (readonly TreeNode[])[] = [];
    for (const pair of node.items) {
      const key = this.#key(pair, place);
      if (key === undefined) continue;
      const value = this.#node(pair.value, {
        mark: key.mark,
        path: joinPath(place.path, key.text),
      });
      if (key.plain && key.text === "<<") {
        merges.push(this.#mergeSources(value, { mark: key.mark, path: place.path }));
        continue;
      }
      const first = entries.get(key.text);
      if (first === undefined) {
        entries.set(key.text, { key: key.text, keyMark: key.mark, value });
      } else {
        this.#issues.add(
          "duplicate-key",
          { mark: key.mark, path: joinPath(place.path, key.text) },
          `the key is given twice, first in line ${first.keyMark.line}; expected once`,
        );
      }
    }
    for (const source of merges.flat()) this.#merge(source, entries, place);
    let size = 1;
    for (const entry of entries.values()) size += 1 + entry.value.size;
    return { kind: "map", entries: [...entries.values()], mark: place.mark, size };
  }

  #key(pair: Pair, place: { mark: Mark; path: string }): ScalarNode | undefined {
    const node = pair.key;
    const key = isScalar(node) ? this.#scalar(node, place.mark) : undefined;
    if (key !== undefined && key.value !== null) return key;
    const mark = this.#mark(node, place.mark);
    const found = isAlias(node)
      ? "an alias"
      : key === undefined
      ? "a map or list"
      : key.text === ""
      ? "nothing"
      : `${key.text}; put it in quotes if it is a name`;
    this.#issues.add(
      "bad-key",
      { mark, path: place.path },
      `expected a name as key, found ${found}`,
    );
    return undefined;
  }

  /** The maps that `<<` merges: one, or several in a list. */
  #mergeSources(value: TreeNode, place: { mark: Mark; path: string }): readonly TreeNode[] {
    const sources = value.kind === "list" ? value.items : [value];
    if (sources.every((source) => source.kind === "map")) return sources;
    this.#issues.add("bad-alias", place, "`<<` takes an alias of a map, or a list of such aliases");
    return [];
  }

  /** Existing keys win, as defined for the merge key. */
  #merge(source: TreeNode, into: Map<string, MapEntry>, place: { mark: Mark; path: string }): void {
    if (source.kind !== "map") return;
    this.#merged += source.entries.length;
    if (this.#merged > MAX_NODES) this.#tooBig(place);
    for (const entry of source.entries) {
      if (!into.has(entry.key)) into.set(entry.key, entry);
    }
  }

  #tooBig(place: { mark: Mark; path: string }): never {
    this.#issues.add(
      "alias-expansion",
      place,
      `this has more than ${MAX_NODES} values (aliases written out); use fewer`,
    );
    throw new GiveUp();
  }

  #mark(node: unknown, otherwise: Mark): Mark {
    const range = (node as Node | null | undefined)?.range;
    return range === undefined || range === null ? otherwise : this.#markAt(range[0]);
  }
}

function emptyNode(mark: Mark): ScalarNode {
  return { kind: "scalar", value: null, text: "", plain: true, mark, size: 1 };
}
