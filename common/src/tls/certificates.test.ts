import assert from 'node:assert/strict'
import { readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { captureLog } from '@hypershard/harness'
import { type CertificatePaths, type IssueOptions, TestCertificates } from '@hypershard/harness/certificates'
import { type CertificateFiles, readCertificates } from './read-certificates.ts'
import { WatchedCertificates } from './watched-certificates.ts'

describe('certificates in files', () => {
  let made: TestCertificates
  let watched: WatchedCertificates | undefined

  before(async () => {
    made = await TestCertificates.make()
  })

  afterEach(() => watched?.close())

  after(() => made.remove())

  const named = (paths: CertificatePaths): CertificateFiles => ({
    certificate: { name: 'CERT', path: paths.certificate },
    key: { name: 'KEY', path: paths.key },
    ca: { name: 'CA', path: paths.ca },
  })

  const faults: {
    title: string
    options?: IssueOptions
    spoil?: (paths: CertificatePaths) => Promise<void>
    says: RegExp
  }[] = [
    {
      title: 'a file that is not there',
      spoil: ({ key }) => rm(key),
      says: /^KEY: \S+ cannot be read: ENOENT.*name a PEM file/,
    },
    {
      title: 'a file that is no PEM',
      spoil: ({ ca }) => writeFile(ca, 'hello'),
      says: /^CA: \S+ holds no certificate/,
    },
    {
      title: 'a certificate that is cut short',
      spoil: async ({ certificate }) => {
        const lines = (await readFile(certificate, 'utf8')).split('\n')
        await writeFile(certificate, [...lines.slice(0, 3), ...lines.slice(5)].join('\n'))
      },
      says: /^CERT: \S+ holds a damaged certificate/,
    },
    {
      title: 'no key',
      spoil: ({ key }) => writeFile(key, 'secret'),
      says: /^KEY: \S+ holds no private key that can be read/,
    },
    {
      title: 'the key of another certificate',
      spoil: async ({ key }) => writeFile(key, (await made.issue()).key),
      says: /^KEY: \S+ is not the key of the certificate in CERT/,
    },
    {
      title: 'a certificate of a foreign CA',
      options: { foreign: true },
      says: /^CERT: \S+ was not signed by a CA in CA/,
    },
    { title: 'a certificate that has expired', options: { days: -1 }, says: /^CERT: \S+ expired at 20.*; renew it/ },
    { title: 'a certificate that is not valid yet', options: { days: 4 }, says: /^CERT: \S+ is valid from .*clock/ },
  ]
  for (const { title, options, spoil, says } of faults) {
    it(`refuse ${title}, by name`, async () => {
      const paths = await made.write('faulty', options)
      await spoil?.(paths)
      await assert.rejects(readCertificates(named(paths), Date.now()), { code: 'invalid_config', message: says })
    })
  }

  it('are read again when they change, behind a symbolic link too', async () => {
    const paths = await made.write('first')
    const next = await made.write('second')
    const linked = made.pathsOf('linked')
    const pointTo = async (target: CertificatePaths) => {
      for (const part of ['certificate', 'key', 'ca'] as const) {
        await unlink(linked[part]).catch(() => undefined)
        await symlink(join(target[part]), linked[part])
      }
    }
    await pointTo(paths)
    const { log, lines } = captureLog()
    watched = await WatchedCertificates.open(named(linked), log)
    const heard: Buffer[] = []
    watched.listen(({ certificate }) => heard.push(certificate))
    await watched.reread()
    assert.equal(heard.length, 0)
    await pointTo(next)
    await watched.reread()
    assert.deepEqual(heard, [await readFile(next.certificate)])
    assert.deepEqual(
      lines.map(({ msg }) => msg),
      ['certificates read', 'certificates read again'],
    )
  })

  it('stay as they were while what stands in the files cannot be used, and say so once', async () => {
    const paths = await made.write('broken')
    const { log, lines } = captureLog()
    watched = await WatchedCertificates.open(named(paths), log)
    const before = watched.current
    watched.listen(() => assert.fail('nothing usable is new'))
    await writeFile(paths.key, (await made.issue()).key)
    await watched.reread()
    await watched.reread()
    assert.equal(watched.current, before)
    const errors = lines.filter(({ level }) => level === 50)
    assert.equal(errors.length, 1)
    assert.match(String(errors[0]!.reason), /^KEY: .* is not the key of the certificate/)
    assert.doesNotMatch(JSON.stringify(lines), /PRIVATE KEY/)
  })
})
