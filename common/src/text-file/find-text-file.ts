import { existsSync } from 'node:fs'
import { compressedExtensions } from './open-text-file.ts'

/** The file itself or, where there is none, a packed one of that name: `corpus.jsonl`, else `corpus.jsonl.gz`. */
export function findTextFile(path: string): string {
  if (existsSync(path)) return path
  return compressedExtensions.map(extension => `${path}${extension}`).find(packed => existsSync(packed)) ?? path
}
