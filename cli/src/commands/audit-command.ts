import { type AuditFinding, verifyAudit } from '@hypershard/access'
import type { Command } from 'commander'
import { formatCountOf } from '../terminal/format-number.ts'
import type { CommandContext } from './context.ts'
import { exitCodes } from './exit-codes.ts'

/** `hypershard audit ...` */
export function addAuditCommand(program: Command, context: CommandContext): void {
  program
    .command('audit')
    .description('the audit log of a coordinator: verify')
    .command('verify')
    .argument('<file...>', 'of one log, oldest first')
    .description('find lines that were changed, removed, added or moved')
    .action((paths: string[]) => verify(context, paths))
}

async function verify(context: CommandContext, paths: readonly string[]): Promise<void> {
  const found = await verifyAudit(paths)
  if (found.problems.length > 0) context.exitCode = exitCodes.failure
  context.answer(found, ({ lines, last, problems, notes }) => {
    const { out } = context.terminal
    const end = last === null ? '' : `; it ends with number ${last.n}, ${last.hash}`
    const verdict = problems.length === 0 ? 'the chain holds' : 'THE CHAIN IS BROKEN'
    return [
      ...problems.map(problem => out.style('red', tell(problem))),
      ...notes.map(tell),
      `${formatCountOf(lines, 'line')}: ${verdict}${end}`,
    ]
  })
}

function tell({ file, line, message }: AuditFinding): string {
  return `${file}:${line}: ${message}`
}
