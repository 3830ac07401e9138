/// Why the container around a pickle could not be opened.
enum JoblibError: Error, Sendable, Hashable {
  case unsupportedCompression(String)
  case corrupt(offset: Int, reason: String)
  case tooLarge(String)
}
