/** Yields the bytes, or whatever else is read in pieces, as a stream of one piece. */
export async function* oneChunk<Piece>(piece: Piece): AsyncGenerator<Piece> {
  yield piece;
}
