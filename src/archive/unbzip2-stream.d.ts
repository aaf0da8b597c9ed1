declare module 'unbzip2-stream' {
  /** A duplex stream from before streams2: emits the output of a write during that write. */
  function unbzip2(): NodeJS.ReadWriteStream;
  export = unbzip2;
}
