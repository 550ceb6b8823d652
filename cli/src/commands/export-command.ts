import { once } from 'node:events'
import { type ListedDocument, type ListRequest, listedDocumentsMax } from '@hypershard/contract'
import type { Command } from 'commander'
import { ExportFolder } from '../documents/export-folder.ts'
import { formatCountOf } from '../terminal/format-number.ts'
import { ProgressDisplay } from '../terminal/progress.ts'
import type { CommandContext } from './context.ts'
import { jsonObject } from './parse-option.ts'

/** `hypershard documents export` */
export function addExportCommand(group: Command, context: CommandContext): void {
  group
    .command('export')
    .argument('<index>')
    .argument('<folder>', 'where to write documents.ndjson, and vectors.npy; `-` for lines on standard output')
    .description('write all documents that searches find, at one version, as put takes them; run it again to go on')
    .option('--filter <json>', 'which documents are written (docs/api.md, Filters)', jsonObject)
    .option('--vectors', 'their vectors too: vectors.npy, or in the lines with `-`')
    .action((index: string, folder: string, options: ExportOptions) =>
      folder === '-' ? exportLines(context, index, options) : exportFolder(context, { index, folder, options }),
    )
}

interface ExportOptions {
  readonly filter?: Record<string, unknown>
  readonly vectors?: true
}

function requestOf({ filter, vectors = false }: { filter?: Record<string, unknown>; vectors?: boolean }): ListRequest {
  const parts: ListRequest['with'] = vectors ? ['text', 'fields', 'vector'] : ['text', 'fields']
  return { ...(filter && { filter }), limit: listedDocumentsMax, with: parts }
}

async function exportLines(context: CommandContext, index: string, options: ExportOptions): Promise<void> {
  const { stdout } = context.surroundings
  const documents: AsyncIterable<ListedDocument> = context.api().documents(index, requestOf(options))
  for await (const { id, title, text, fields, vector } of documents) {
    // A document of several passages has no single vector, and is encoded when it is put again.
    const line = JSON.stringify({ id, title, text, ...fields, ...(vector && { vector }) })
    if (!stdout.write(`${line}\n`)) await once(stdout, 'drain')
  }
}

interface FolderExport {
  readonly index: string
  readonly folder: string
  readonly options: ExportOptions
}

async function exportFolder(context: CommandContext, { index, folder, options }: FolderExport): Promise<void> {
  const { filter, vectors = false } = options
  const api = context.api()
  const written = await ExportFolder.open(folder, { index, filter, vectors })
  const progress = new ProgressDisplay(context.terminal.notes, 'exporting')
  const begun = written.documents
  try {
    const { count: total } = await api.countDocuments(index, filter === undefined ? {} : { filter })
    while (written.cursor !== null) {
      const { cursor } = written
      await written.append(
        await api.listDocuments(index, { ...requestOf(options), ...(cursor === undefined ? {} : { cursor }) }),
      )
      progress.update({ done: written.documents, total })
    }
  } finally {
    progress.end()
    await written.close()
  }
  const { documents, manifestVersion } = written
  const answer = { index, folder, documents, written: documents - begun, manifest_version: manifestVersion }
  context.answer(answer, () => [
    `${formatCountOf(documents, 'document')} of ${index}, version ${manifestVersion}, in ${folder}`,
    ...(begun > 0 ? [`${formatCountOf(begun, 'document')} of them from a run before`] : []),
  ])
}
