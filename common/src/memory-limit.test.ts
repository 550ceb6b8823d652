import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { memoryLimitBytes } from './memory-limit.ts'

describe('the memory that a process may use', () => {
  const totalBytes = 1_000
  let root: string

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'hypershard-memory-'))
  })

  afterEach(() => rmSync(root, { recursive: true }))

  const none = 18_446_744_073_709_552_000
  const cases: {
    what: string
    groups?: string
    files?: Record<string, string>
    constrained?: number
    limit: number
  }[] = [
    { what: 'is the machine’s where nothing limits it', limit: 1_000 },
    { what: 'is the machine’s where Node says that nothing limits it', constrained: none, limit: 1_000 },
    { what: 'is what Node knows of a limit', constrained: 400, limit: 400 },
    { what: 'is the group’s, version 2', groups: '0::/a/b', files: { 'a/b/memory.max': '300\n' }, limit: 300 },
    {
      what: 'is that of a group around it, version 2',
      groups: '0::/a/b',
      files: { 'a/b/memory.max': 'max\n', 'a/memory.max': '200\n' },
      limit: 200,
    },
    {
      what: 'is the group’s, version 1',
      groups: '5:cpu,cpuacct:/\n4:memory:/a/b\n0::/',
      files: { 'memory/a/b/memory.limit_in_bytes': '300\n', 'memory/memory.limit_in_bytes': '9223372036854771712\n' },
      limit: 300,
    },
    {
      what: 'is that of the mount’s root where the path is the machine’s',
      groups: '4:memory:/docker/abc',
      files: { 'memory/memory.limit_in_bytes': '250\n' },
      limit: 250,
    },
    {
      what: 'is the smaller one where both versions are mounted',
      groups: '4:memory:/a\n0::/a',
      files: { 'memory/a/memory.limit_in_bytes': '500\n', 'unified/a/memory.max': '450\n' },
      limit: 450,
    },
    {
      what: 'is the machine’s where the group allows more',
      groups: '0::/',
      files: { 'memory.max': '5000' },
      limit: 1_000,
    },
  ]
  for (const { what, groups, files = {}, constrained = 0, limit } of cases) {
    it(what, () => {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(root, 'mount', path)), { recursive: true })
        writeFileSync(join(root, 'mount', path), text)
      }
      if (groups !== undefined) writeFileSync(join(root, 'cgroup'), groups)
      const sources = { groupsFile: join(root, 'cgroup'), mount: join(root, 'mount') }
      const counts = { totalBytes: () => totalBytes, constrainedBytes: () => constrained }
      assert.equal(memoryLimitBytes({ ...sources, ...counts }), limit)
    })
  }

  it('of this process is some, and not more than the machine has', () => {
    assert(memoryLimitBytes() > 0 && memoryLimitBytes() <= totalmem())
  })
})
