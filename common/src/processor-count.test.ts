import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { processorCount } from './processor-count.ts'

describe('the cores that a process may use', () => {
  let root: string

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'hypershard-cores-'))
  })

  afterEach(() => rmSync(root, { recursive: true }))

  const cases: { what: string; groups?: string; files?: Record<string, string>; available?: number; count: number }[] =
    [
      { what: 'are those that Node sees where nothing limits them', count: 8 },
      { what: 'are the group’s, version 2', groups: '0::/a', files: { 'a/cpu.max': '300000 100000\n' }, count: 3 },
      {
        what: 'are Node’s where the group says max',
        groups: '0::/a',
        files: { 'a/cpu.max': 'max 100000\n' },
        count: 8,
      },
      {
        what: 'are those of a group around it, version 2',
        groups: '0::/a/b',
        files: { 'a/b/cpu.max': '600000 100000\n', 'a/cpu.max': '200000 100000\n' },
        count: 2,
      },
      { what: 'leave a part of a core out', groups: '0::/', files: { 'cpu.max': '250000 100000\n' }, count: 2 },
      { what: 'are one where it is less', groups: '0::/', files: { 'cpu.max': '20000 100000\n' }, count: 1 },
      { what: 'go by another period', groups: '0::/', files: { 'cpu.max': '40000 10000\n' }, count: 4 },
      {
        what: 'are the group’s, version 1',
        groups: '5:cpu,cpuacct:/a\n0::/',
        files: { 'cpu,cpuacct/a/cpu.cfs_quota_us': '150000\n', 'cpu,cpuacct/a/cpu.cfs_period_us': '50000\n' },
        count: 3,
      },
      {
        what: 'are the group’s where cpu is mounted alone, version 1',
        groups: '2:cpuacct:/\n1:cpu:/a',
        files: { 'cpu/a/cpu.cfs_quota_us': '200000\n', 'cpu/a/cpu.cfs_period_us': '100000\n' },
        count: 2,
      },
      {
        what: 'are Node’s where version 1 says none',
        groups: '1:cpu:/',
        files: { 'cpu/cpu.cfs_quota_us': '-1\n', 'cpu/cpu.cfs_period_us': '100000\n' },
        count: 8,
      },
      {
        what: 'are those of the mount’s root where the path is the machine’s',
        groups: '0::/kubepods/pod1/abc',
        files: { 'cpu.max': '500000 100000\n' },
        count: 5,
      },
      {
        what: 'are the group’s where both versions are mounted',
        groups: '4:memory:/\n0::/a',
        files: { 'unified/a/cpu.max': '400000 100000\n' },
        count: 4,
      },
      {
        what: 'are Node’s where a cpuset leaves fewer than the group',
        groups: '0::/',
        files: { 'cpu.max': '400000 100000\n' },
        available: 2,
        count: 2,
      },
    ]
  for (const { what, groups, files = {}, available = 8, count } of cases) {
    it(what, () => {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(root, 'mount', path)), { recursive: true })
        writeFileSync(join(root, 'mount', path), text)
      }
      if (groups !== undefined) writeFileSync(join(root, 'cgroup'), groups)
      const places = { groupsFile: join(root, 'cgroup'), mount: join(root, 'mount') }
      assert.equal(processorCount({ ...places, available: () => available }), count)
    })
  }

  it('of this process are some, and not more than Node sees', () => {
    assert(processorCount() >= 1 && processorCount() <= availableParallelism())
  })
})
