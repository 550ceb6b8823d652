import { type ErrorCode, HypershardError, isErrorCode } from '@hypershard/common'
import type { WaitMode } from '@hypershard/contract'
import type { Command, Option } from 'commander'
import type { CommandContext } from './context.ts'
import { jsonObject } from './parse-option.ts'

/** `hypershard documents patch` */
export function addPatchCommand(group: Command, context: CommandContext, waitOption: Option): void {
  group
    .command('patch')
    .argument('<index>')
    .argument('<id>')
    .argument('<json>', 'what changes: fields, title, text; null removes one', jsonObject)
    .description('change some of a document, and leave the rest of it as it is')
    .addOption(waitOption)
    .action((index: string, id: string, changes: Record<string, unknown>, { wait }: { wait: WaitMode }) =>
      patchDocument(context, { index, id, changes, wait }),
    )
}

interface Patch {
  readonly index: string
  readonly id: string
  readonly changes: Readonly<Record<string, unknown>>
  readonly wait: WaitMode
}

async function patchDocument(context: CommandContext, { index, id, changes, wait }: Patch): Promise<void> {
  const line = JSON.stringify({ ...changes, id, _op: 'patch' })
  async function* body() {
    yield Buffer.from(`${line}\n`)
  }
  const answer = await context.api().putDocuments(index, body(), { waitFor: wait })
  const [error] = answer.errors
  if (error !== undefined) throw new HypershardError(codeOf(error.code), error.message, { details: { index, id } })
  context.answer(answer, ({ sequence }) => [`patched ${id} of ${index} (write ${sequence})`])
}

function codeOf(code: string): ErrorCode {
  return isErrorCode(code) ? code : 'internal'
}
