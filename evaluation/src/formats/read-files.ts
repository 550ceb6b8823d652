/** The formats in files of Node's, which may be packed (`openTextFile`). */
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { HypershardError, openTextFile, toUserFileFailure } from '@hypershard/common'
import type { Run } from '../runs/run.ts'
import type { TextSource } from './for-each-line.ts'
import { type JudgementsFile, parseJudgements } from './parse-judgements.ts'
import { parseQueries, type QueriesFile } from './parse-queries.ts'
import { parseRun, type RunFile, runLines } from './run-file.ts'

export function textFile(path: string): TextSource {
  return { path, bytes: openTextFile(path).bytes }
}

/** As `parseJudgements`. */
export function readJudgements(path: string): Promise<JudgementsFile> {
  return parseJudgements(textFile(path))
}

/** As `parseQueries`. */
export function readQueries(path: string): Promise<QueriesFile> {
  return parseQueries(textFile(path))
}

/** As `parseRun`. */
export function readRun(path: string): Promise<RunFile> {
  return parseRun(textFile(path))
}

/**
 * Writes a run over whatever the file had.
 * @param tag without white space
 * @throws HypershardError `invalid_request` when an id has white space or the file cannot be written
 */
export async function writeRun(path: string, run: Run, tag: string): Promise<void> {
  try {
    await pipeline(Readable.from(runLines(run, tag)), createWriteStream(path))
  } catch (error) {
    if (error instanceof HypershardError) throw error
    throw toUserFileFailure(path, 'write', error)
  }
}
