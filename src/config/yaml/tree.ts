/**
 * The tree of a YAML document: maps, lists and scalars with line and column, independent of the
 * reader that made it.
 *
 * Aliases are shared nodes that carry the size they would have when written out, so that a file
 * that expands without end ("billion laughs") is refused by arithmetic and costs nothing.
 *
 * A large file has a hundred thousand nodes, and the garbage collector copies them more than once.
 * So nodes are small: a node is its own mark, and what all nodes of a kind share is in the class.
 */
import type { Mark } from "../schema/types.ts";

/** Nodes of the tree with every alias written out. */
export const MAX_NODES = 1_000_000;

/** A value at a place. */
export class ScalarNode implements Mark {
  /** As the YAML 1.2 core schema resolves it. */
  readonly value: string | number | boolean | null;
  /** As written, without quotes. */
  readonly text: string;
  /** False when it was quoted or a block, and so is a text whatever it looks like. */
  readonly plain: boolean;
  readonly line: number;
  readonly column: number;

  /** Numbers rather than a mark, as for all nodes: a mark for each would be garbage. */
  constructor(
    value: ScalarNode["value"],
    text: string,
    plain: boolean,
    line: number,
    column: number,
  ) {
    this.value = value;
    this.text = text;
    this.plain = plain;
    this.line = line;
    this.column = column;
  }

  get kind(): "scalar" {
    return "scalar";
  }

  get mark(): Mark {
    return this;
  }

  get size(): 1 {
    return 1;
  }
}

export class MapNode implements Mark {
  /** Keys are different from each other; in the order of the file. */
  readonly entries: readonly MapEntry[];
  /** Nodes in it, itself included, with every alias written out. */
  readonly size: number;
  readonly line: number;
  readonly column: number;

  constructor(entries: readonly MapEntry[], size: number, line: number, column: number) {
    this.entries = entries;
    this.size = size;
    this.line = line;
    this.column = column;
  }

  get kind(): "map" {
    return "map";
  }

  get mark(): Mark {
    return this;
  }
}

/** A key with its value; its mark is that of the key. */
export class MapEntry implements Mark {
  readonly key: string;
  readonly line: number;
  readonly column: number;
  /** Set once, by the reader that made the entry. */
  value: TreeNode = NO_VALUE;

  constructor(key: string, line: number, column: number) {
    this.key = key;
    this.line = line;
    this.column = column;
  }

  get keyMark(): Mark {
    return this;
  }
}

export class ListNode implements Mark {
  readonly items: readonly TreeNode[];
  /** As in MapNode. */
  readonly size: number;
  readonly line: number;
  readonly column: number;

  constructor(items: readonly TreeNode[], size: number, line: number, column: number) {
    this.items = items;
    this.size = size;
    this.line = line;
    this.column = column;
  }

  get kind(): "list" {
    return "list";
  }

  get mark(): Mark {
    return this;
  }
}

export type TreeNode = ScalarNode | MapNode | ListNode;

/** A value that is absent, at the place of its key. */
export function emptyNode(mark: Mark): ScalarNode {
  return new ScalarNode(null, "", true, mark.line, mark.column);
}

const NO_VALUE = emptyNode({ line: 0, column: 0 });
