export * from './browser.ts'
export * from './formats/beir-folder.ts'
export * from './formats/read-files.ts'
