import { join } from 'node:path'
import { installPython } from './install-python.ts'

/** The newest when this was written; results tell it. */
export const chromaVersion = '1.5.9'

/** Chroma's command. @throws Error where it cannot be installed */
export async function installChroma(): Promise<string> {
  return join(await installPython('chroma', [`chromadb==${chromaVersion}`]), 'chroma')
}
