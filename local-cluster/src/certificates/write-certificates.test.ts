import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readCertificates } from '@hypershard/common'
import { type WrittenCertificates, writeCertificates } from './write-certificates.ts'

describe('a folder of certificates', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hypershard-certificates-'))
  })

  afterEach(() => rm(folder, { recursive: true }))

  const wanted = { processes: ['shard-1', 'encoder'], publicNames: ['search.example.com', '10.0.0.5'], days: 30 }

  const check = ({ ca, processes }: WrittenCertificates) =>
    Promise.all(
      processes.map(({ certificate, key }) => {
        const files = { certificate: { name: 'CERT', path: certificate }, key: { name: 'KEY', path: key } }
        return readCertificates({ ...files, ca: { name: 'CA', path: ca } }, Date.now())
      }),
    )

  it('is what processes start with', async () => {
    const written = await writeCertificates(folder, wanted)
    assert.equal((await check(written)).length, 2)
    const [shard] = written.processes
    const leaf = new X509Certificate(await readFile(shard!.certificate))
    assert.equal(leaf.checkHost('hypershard.internal'), 'hypershard.internal')
    assert.equal(leaf.checkHost('shard-1'), 'shard-1')
    assert.equal((await stat(shard!.key)).mode & 0o777, 0o600)
    assert.equal((await stat(join(folder, 'ca-key.pem'))).mode & 0o777, 0o600)
  })

  it('has one for the public API, which lets nobody in between processes', async () => {
    const { ca, public: ofPublic } = await writeCertificates(folder, wanted)
    const leaf = new X509Certificate(await readFile(ofPublic!.certificate))
    assert.equal(leaf.checkHost('search.example.com'), 'search.example.com')
    assert.equal(leaf.checkIP('10.0.0.5'), '10.0.0.5')
    assert.equal(leaf.checkHost('hypershard.internal'), undefined)
    const files = {
      certificate: { name: 'CERT', path: ofPublic!.certificate },
      key: { name: 'KEY', path: ofPublic!.key },
      ca: { name: 'CA', path: ca },
    }
    await assert.rejects(readCertificates(files, Date.now()), { message: /may not be used as a client/ })
  })

  it('keeps its CA when it is made again, and renews the rest', async () => {
    const first = await writeCertificates(folder, wanted)
    const caBefore = await readFile(first.ca, 'utf8')
    const leafBefore = await readFile(first.processes[0]!.certificate, 'utf8')
    const again = await writeCertificates(folder, wanted)
    assert.deepEqual([first.caKept, again.caKept], [false, true])
    assert.equal(await readFile(again.ca, 'utf8'), caBefore)
    assert.notEqual(await readFile(again.processes[0]!.certificate, 'utf8'), leafBefore)
    await check(again)
  })

  it('makes no second CA beside the half of one', async () => {
    await writeCertificates(folder, wanted)
    await rm(join(folder, 'ca-key.pem'))
    await assert.rejects(writeCertificates(folder, wanted), {
      code: 'invalid_config',
      message: /ca-key\.pem is missing/,
    })
  })
})
