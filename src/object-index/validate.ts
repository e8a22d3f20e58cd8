// Validation of the whole index: every record's checksum, every sum and set hash, and the reverse
// records both ways; in partitions that separate processes can take, merged at the end.

import type { Engine } from '../engine/engine.ts'
import { ObjectIndexError } from './object-index.ts'

export interface ValidationFinding {
  readonly kind: 'corrupt-record' | 'wrong-sums' | 'missing-reference' | 'extra-reference'
    | 'wrong-extent-sums' | 'dangling-manifest' | 'wrong-upload'
  /** The record, bucket or extent, as people read it. */
  readonly what: string
  readonly message: string
}

export interface ValidationProgress {
  readonly recordsDone: number
  /** An estimate from the buckets' own sums; 0 until known. */
  readonly recordsTotal: number
}

export interface ValidationOptions {
  /** The part of the key space to scan; from `planPartitions`, or all of it by default. */
  readonly partition?: ValidationRange
  readonly onProgress?: (progress: ValidationProgress) => void
  readonly signal?: AbortSignal
  /** Findings kept at most; more are counted. 1,000 by default. */
  readonly findingsMax?: number
}

/** Keys in [start, end), as hex, so that it crosses processes. */
export interface ValidationRange {
  readonly start: string
  readonly end: string
}

/** What one partition's scan found; plain values, to be merged. */
export interface PartialValidation {
  readonly recordsDone: number
  readonly findings: readonly ValidationFinding[]
  readonly findingCount: number
  readonly buckets: readonly unknown[]
}

export interface ValidationReport {
  readonly isSound: boolean
  readonly recordsDone: number
  readonly objects: number
  readonly references: number
  readonly findings: readonly ValidationFinding[]
  readonly findingCount: number
}

type ValidationEngine = Pick<Engine, 'read' | 'log'>

/** Splits the key space into `count` ranges of about the same number of records. */
export async function planPartitions(engine: ValidationEngine, count: number):
  Promise<readonly ValidationRange[]> {
  void engine
  throw new ObjectIndexError('unavailable', `not built yet: ${count}`)
}

/** Scans one partition. */
export async function validatePartition(engine: ValidationEngine, options: ValidationOptions = {}):
  Promise<PartialValidation> {
  void engine
  void options
  throw new ObjectIndexError('unavailable', 'not built yet')
}

/** Compares what the partitions found with the sums, and names what differs. */
export async function mergeValidation(engine: ValidationEngine, parts: readonly PartialValidation[],
  options: ValidationOptions = {}): Promise<ValidationReport> {
  void engine
  void options
  throw new ObjectIndexError('unavailable', `not built yet: ${parts.length}`)
}

/** The whole of it in this process. */
export async function validateIndex(engine: ValidationEngine, options: ValidationOptions = {}):
  Promise<ValidationReport> {
  return mergeValidation(engine, [await validatePartition(engine, options)], options)
}
