/**
 * What a page shows. The compiler writes it as JSON into `<script id="data" type="application/json">`,
 * and a preview sends a new one at each change.
 */

/** One sample's cost. `memory` is what its convolutions and linear layers put out, in bytes of float32. */
export interface Cost {
  params: number;
  macs: number;
  memory: number;
}

/** A stretch of a source: its lines count from 1, the last one is of it. */
export interface Place {
  source: number; // in `Network.sources`
  first: number;
  last: number;
}

/** What a box of a drawing is of: a stage, a block, a layer, one group of it, or an operation. */
export interface Part {
  path: string; // `conv2/residual1/wseqconv1`; unique among the parts of a network
  name: string; // `wseqconv1`
  kind: "network" | "stage" | "block" | "layer" | "group" | "operation";
  within: string | null; // the path of the part around it; the network's is ""
  detail: string; // `1x1 → 3x3, 128, k=32`
  input: string; // `128x56x56`; of several operands ` + ` joins them
  output: string; // `128x56x56`
  groups: number[]; // of its output: the channels of each
  cost: Cost; // of all the copies that it stands for
  times: number; // copies that it stands for
  receptiveField: number[] | null; // pixels of height and width that one element sees; null: all
  receptiveStride: number[] | null; // pixels of the input between neighbouring elements
  place: Place;
}

/** The groups of an aggregation (Eq. 1 and 2 of the paper): who sees whom. */
export interface Matrix {
  path: string; // of the layer, a part
  title: string; // `conv2/seqconv1`
  sources: string[]; // x_{1-g'} .. x_0, x_1 .. x_{g-1}: the columns, the layer's input first
  inputs: number; // g': how many of them are of the input
  readers: string[]; // x_1 .. x_g: the rows
  sees: number[][]; // channels that reader (row) reads of source (column); 0 where it sees none
}

export interface Claim {
  part: string; // the path of what it is of; "" for the network
  metric: string; // `params`, `flops (paper)`
  printed: string; // `11.8M`
  computed: string; // `11.863M`
  difference: string; // in percent: `+0.53`
  holds: boolean;
  place: Place;
}

/** A line of a source as spans of [class, text]; classes are k n f s m c o p (see styles/panels.css) or "". */
export type Line = [string, string][];

export interface Source {
  name: string; // as the user wrote it
  lines: Line[];
}

/** A drawing; its boxes are `<g class="box" data-path="...">`, whose paths are keys of `parts`. */
export interface Drawing {
  depth: "network" | "block" | "layer" | "group";
  svg: string; // "" where it would be too large to be read; `note` says so then
  note: string;
  mark: Record<string, "added" | "removed" | "changed">; // of two networks: by path
  /** Of folded copies: the path of each that is not drawn, and of the one that stands for it. */
  stands: Record<string, string>; // `conv2/residual2` → `conv2/residual1`; parts inside follow
}

export interface Flops {
  convention: string; // `paper`
  heading: string; // `FLOPs (paper)`
  value: string; // `2.73G`
  about: string; // how it counts
}

export interface Network {
  name: string;
  doc: string;
  settings: [string, string][]; // its parameters as bound
  cost: Cost;
  flops: Flops[]; // by the conventions that claims and the command name
  sources: Source[]; // the user's file first, then those of the library that parts are of
  parts: Record<string, Part>;
  stages: string[]; // paths, in dataflow order, for the bars
  layers: string[]; // paths of what has a cost, in dataflow order, for the treemap and the table
  drawings: Drawing[];
  matrices: Matrix[];
  claims: Claim[];
}

export interface Difference {
  title: string; // `SeqResNetB22 → SeqResNetB42`
  headings: string[];
  rows: string[][]; // the first cell of a change begins with + - or ~
}

export interface Diagnostics {
  /** Rendered as on a terminal, without colours. */
  text: string;
  errors: number;
  warnings: number;
  /** Whether the networks are of an earlier version of the file; left out, they are where it has
   * errors. A claim that is not met is an error of a file that compiles. */
  stale: boolean;
}

export interface Page {
  version: string; // of seqdsl
  file: string;
  networks: Network[]; // one or two; none where a preview's file has never compiled
  difference: Difference | null; // of two
  diagnostics: Diagnostics | null; // of a preview, where something is to be said of the file
}
