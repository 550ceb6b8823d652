import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { Readable } from 'node:stream'
import {
  HypershardError,
  messageOf,
  openTextFile,
  readTextFile,
  type TextFile,
  toUserFileFailure,
} from '@hypershard/common'
import type { PutProgress } from '@hypershard/contract'
import { openTable } from '../tables/open-table.ts'
import type { Table } from '../tables/table.ts'
import { tableLines } from '../tables/table-lines.ts'
import type { WorkState } from '../terminal/progress.ts'
import { type FailedFile, isTextFile, listTextFiles, readFileLine } from './read-folder.ts'

/** Documents on their way in: read once, from the beginning, while they are being sent. */
export interface DocumentSource {
  /** NDJSON in UTF-8, without a byte order mark and unpacked, whatever it was read from. */
  readonly body: AsyncIterable<Uint8Array>
  /** Where it is one, a Parquet or Arrow file. */
  readonly table?: Table
  /** Files that did not become lines; grows while the body is read. */
  readonly failedFiles: readonly FailedFile[]
  /** The file that a line of the body, counted from 1, came from; undefined when the lines are not made of files. */
  fileOfLine(line: number): string | undefined
  /** How far the work is, by what the coordinator says and what this side knows of the source. */
  workState(progress: PutProgress): WorkState
}

/**
 * Opens a JSONL file, a Parquet or Arrow file, a .md or .txt file, a folder of those two, or, where it is given, standard
 * input as `-`. A JSONL file may be packed with gzip, zstd or brotli.
 * @throws HypershardError `invalid_request` when there is nothing to read
 */
export async function openSource(path: string, stdin?: Readable): Promise<DocumentSource> {
  if (path === '-' && stdin !== undefined)
    return lineSource(readTextFile(stdin, 'standard input'), 'standard input', undefined)
  const facts = await stat(path).catch(error => {
    throw toUserFileFailure(path, 'read', error)
  })
  if (facts.isFile() && isTextFile(path)) return folderSource(dirname(path), [basename(path)])
  const table = facts.isFile() ? await openTable(path) : undefined
  if (table !== undefined) return tableSource(table)
  if (!facts.isDirectory()) return lineSource(openTextFile(path), path, facts.isFile() ? facts.size : undefined)
  const files = await listTextFiles(path)
  if (files.length === 0) throw new HypershardError('invalid_request', `${path} has no .md or .txt files in it`)
  return folderSource(path, files)
}

const newline = 0x0a

/** @param bytesTotal the file's size as it is stored, undefined for a pipe */
function lineSource(file: TextFile, path: string, bytesTotal: number | undefined): DocumentSource {
  async function* body() {
    let lines = 0
    try {
      for await (const chunk of file.bytes) {
        lines += countLines(chunk)
        yield chunk
      }
    } catch (error) {
      const sent = `${lines} lines were read before that, and none of them was written`
      throw new HypershardError('invalid_request', `${messageOf(error)}; ${sent}`, {
        details: { file: path, lines_read: lines },
        cause: error,
      })
    }
  }
  return {
    body: body(),
    failedFiles: [],
    fileOfLine: () => undefined,
    workState: progress => ({
      done: doneOf(progress),
      total:
        progress.sequence === null ? estimateTotal(progress.received, file.bytesRead(), bytesTotal) : progress.received,
    }),
  }
}

function countLines(chunk: Buffer): number {
  let lines = 0
  for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1)) lines++
  return lines
}

/** How many documents are searchable: they become so in order, so those that still wait are the last ones. */
function doneOf({ received, waiting }: PutProgress): number {
  return waiting === null ? 0 : Math.max(0, received - waiting)
}

/** Assumes that the rest of the file has as many lines a byte as what has been read. */
function estimateTotal(received: number, bytesRead: number, bytesTotal: number | undefined): number | undefined {
  if (bytesTotal === undefined || bytesRead === 0 || received === 0) return undefined
  return Math.max(received, Math.round((received * bytesTotal) / bytesRead))
}

function tableSource(table: Table): DocumentSource {
  return {
    body: tableLines(table),
    table,
    failedFiles: [],
    fileOfLine: () => undefined,
    workState: progress => ({
      done: doneOf(progress),
      total: progress.sequence === null ? table.rows : progress.received,
    }),
  }
}

function folderSource(folder: string, files: readonly string[]): DocumentSource {
  const failedFiles: FailedFile[] = []
  const sentFiles: string[] = []
  async function* body() {
    for (const file of files) {
      const line = await readFileLine(folder, file)
      if (typeof line !== 'string') failedFiles.push(line)
      else {
        sentFiles.push(file)
        yield Buffer.from(`${line}\n`)
      }
    }
  }
  return {
    body: body(),
    failedFiles,
    fileOfLine: line => sentFiles[line - 1],
    workState: progress => ({
      done: doneOf(progress),
      total: progress.sequence === null ? files.length : progress.received,
    }),
  }
}
