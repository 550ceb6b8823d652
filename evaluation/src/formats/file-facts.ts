import type { SkippedLines } from './for-each-line.ts'

/** What a reader of an evaluation should know of a file besides what is in it. */
export interface FileFacts extends SkippedLines {
  readonly path: string
  /** Lines that say again what an earlier one said. */
  readonly duplicates: number
  /** Grades such as `1.0`, taken as whole numbers. */
  readonly gradesNormalised: number
  /** Judgements with a grade below 0. They count as not relevant. */
  readonly gradesBelowZero: number
}

/** Counts while a file is read. */
export class FileTally {
  duplicates = 0
  gradesNormalised = 0
  gradesBelowZero = 0

  factsOf(path: string, skipped: SkippedLines): FileFacts {
    const { duplicates, gradesNormalised, gradesBelowZero } = this
    return { path, ...skipped, duplicates, gradesNormalised, gradesBelowZero }
  }
}
