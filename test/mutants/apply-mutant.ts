import { stripTypeScriptTypes } from 'node:module'
import type { Mutant } from './mutant.ts'

export type Applied = { readonly text: string } | { readonly problem: string }

/** The text of the mutant's file with the fault in it, or why there is none: the list no longer fits the source. */
export function applyMutant(mutant: Pick<Mutant, 'find' | 'replace'> & Partial<Mutant>, source: string): Applied {
  const { file = '', find, replace } = mutant
  if (find === replace) return { problem: 'it changes nothing' }
  const places = source.split(find).length - 1
  if (places !== 1) return { problem: places === 0 ? 'its text is not found' : `its text stands there ${places} times` }
  const text = source.replace(find, () => replace)
  return isData(file) || isTypeScript(text) ? { text } : { problem: 'with it the file is no TypeScript' }
}

/** Files that nobody runs as they are, as most of deploy/, are for their tests to read. */
function isData(file: string): boolean {
  return file !== '' && !file.endsWith('.ts')
}

/** A file that cannot be loaded fails every test, which proves nothing. */
function isTypeScript(text: string): boolean {
  try {
    stripTypeScriptTypes(text)
    return true
  } catch {
    return false
  }
}
