import { accessSync, constants, lstatSync, mkdirSync, type Stats, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { HypershardError } from '../errors/hypershard-error.ts'
import { systemErrorCode, toFolderFailure } from './file-failure.ts'

/**
 * Makes a folder that a setting or an option names, with those above it, and sees to it that it can be written to.
 * `mkdir` with `recursive` is not used: where a folder cannot be made though the one above it is there, as in /proc, it
 * tries for ever.
 * @param name what the folder is, such as `--data /var/lib/hypershard`
 * @throws HypershardError `invalid_config` for a path that will not do, `storage_full`, `storage_failed`
 */
export function makeFolder(path: string, name: string): void {
  try {
    for (const folder of missingFolders(resolve(path), name)) makeOne(folder)
    accessSync(path, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw toFolderFailure(name, error)
  }
}

/** Those to be made, the highest first. */
function missingFolders(path: string, name: string): string[] {
  const missing: string[] = []
  for (let folder = path; ; folder = dirname(folder)) {
    const found = statOf(folder)
    if (found?.isDirectory()) return missing.reverse()
    if (found !== undefined) throw notAFolder(name, folder, 'is a file')
    if (isLink(folder)) throw notAFolder(name, folder, 'is a link to something that does not exist')
    if (folder === dirname(folder)) throw notAFolder(name, folder, 'does not exist')
    missing.push(folder)
  }
}

/** Undefined where nothing is, or something that the path goes through is no folder: that is found further up. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return undefined
    throw error
  }
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink()
  } catch {
    return false
  }
}

/** Another process may make it at the same time. */
function makeOne(folder: string): void {
  try {
    mkdirSync(folder)
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error
  }
}

function notAFolder(name: string, at: string, problem: string): HypershardError {
  const message = `${name}: ${at} ${problem}; name a folder, or one that can be made`
  return new HypershardError('invalid_config', message, { details: { folder: name, at } })
}
