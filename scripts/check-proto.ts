/** Compares the messages with those of the protocol version before: what would be misread is told, and is a failure. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { protocolVersion } from '../proto/versions.ts'
import { extractCommit, findPreviousProtocol } from './previous-protocol.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

const previous = findPreviousProtocol(protocolVersion)
if ('missing' in previous) {
  process.stdout.write(`messages were not compared with the protocol version before: ${previous.missing}\n`)
} else {
  const { commit, version } = previous
  const folder = mkdtempSync(join(tmpdir(), 'hypershard-proto-'))
  try {
    extractCommit(commit, ['proto', 'buf.yaml'], folder)
    const { status } = spawnSync('node_modules/.bin/buf', ['breaking', '--against', folder], {
      cwd: root,
      stdio: 'inherit',
    })
    const found = status === 0 ? 'are understood by' : 'would be misread by'
    process.stdout.write(
      `messages of protocol version ${protocolVersion} ${found} version ${version} (${commit.slice(0, 7)})\n`,
    )
    process.exitCode = status ?? 1
  } finally {
    rmSync(folder, { recursive: true })
  }
}
