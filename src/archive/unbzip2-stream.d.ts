declare module 'unbzip2-stream' {
  /** A duplex from before streams2: emits what a write decodes during that write. */
  function unbzip2(): NodeJS.ReadWriteStream;
  export = unbzip2;
}
