import { type FileHandle, open } from 'node:fs/promises'
import { HypershardError, messageOf, toUserFileFailure } from '@hypershard/common'
import type { Table } from './table.ts'

const parquetMagic = 'PAR1'
const arrowMagic = 'ARROW1'
/** An Arrow stream begins with a message whose length follows. */
const arrowStreamMagic = '\xff\xff\xff\xff'

/**
 * A Parquet or Arrow file, which its first bytes tell.
 * @returns undefined of any other
 * @throws HypershardError `invalid_request` that names the file
 */
export async function openTable(path: string): Promise<Table | undefined> {
  const magic = await firstBytes(path)
  const isParquet = magic.startsWith(parquetMagic)
  if (!isParquet && !magic.startsWith(arrowMagic) && !magic.startsWith(arrowStreamMagic)) return undefined
  const unreadable = (cause: unknown) => {
    const what = isParquet ? 'Parquet' : 'Arrow'
    const message = `cannot read ${path} as ${what}: ${messageOf(cause)}; make or fetch it again`
    return new HypershardError('invalid_request', message, { details: { file: path }, cause })
  }
  try {
    const table = await (isParquet ? openParquet(path) : openArrow(path))
    return { ...table, read: columns => reading(table.read(columns), unreadable) }
  } catch (error) {
    throw unreadable(error)
  }
}

async function* reading<Part>(parts: AsyncGenerator<Part>, unreadable: (cause: unknown) => Error) {
  try {
    for (;;) {
      const next = await parts.next().catch(cause => {
        throw unreadable(cause)
      })
      if (next.done === true) return
      yield next.value
    }
  } finally {
    await parts.return(undefined)
  }
}

async function firstBytes(path: string): Promise<string> {
  let file: FileHandle | undefined
  try {
    file = await open(path)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(arrowMagic.length), 0, arrowMagic.length, 0)
    return buffer.toString('latin1', 0, bytesRead)
  } catch (error) {
    throw toUserFileFailure(path, 'read', error)
  } finally {
    await file?.close()
  }
}

/** The libraries are loaded where there is such a file: other commands need not wait for them. */
async function openParquet(path: string): Promise<Table> {
  return (await import('./parquet-table.ts')).openParquet(path)
}

async function openArrow(path: string): Promise<Table> {
  return (await import('./arrow-table.ts')).openArrow(path)
}
