internal import Formats

/// The scanner's steps with their errors in the words of the inference protocols.
extension JSONScanner {
  mutating func nextToken() throws(InferenceRequestError) -> Token {
    do { return try next() } catch { throw InferenceRequestError(error) }
  }

  mutating func nextKey() throws(InferenceRequestError) -> String {
    do { return try key() } catch { throw InferenceRequestError(error) }
  }

  mutating func hasMore(in container: Container) throws(InferenceRequestError) -> Bool {
    do { return try takeSeparator(endingWith: container) } catch { throw InferenceRequestError(error) }
  }

  mutating func skip() throws(InferenceRequestError) {
    do { try skipValue() } catch { throw InferenceRequestError(error) }
  }

  mutating func finish() throws(InferenceRequestError) {
    do { try expectEnd() } catch { throw InferenceRequestError(error) }
  }

  func text() throws(InferenceRequestError) -> String {
    do { return try stringValue() } catch { throw InferenceRequestError(error) }
  }

  /// The next value without taking it.
  func peekToken() throws(InferenceRequestError) -> Token {
    var ahead = self
    return try ahead.nextToken()
  }

  /// Takes the next value as a tree, for small things such as parameters.
  mutating func tree(of body: UnsafeRawBufferPointer) throws(InferenceRequestError) -> JSONValue {
    let start = offset
    try skip()
    do {
      return try JSONValue(parsing: UnsafeRawBufferPointer(rebasing: body[start..<offset]))
    } catch {
      throw InferenceRequestError(error)
    }
  }
}

extension JSONScanner.Token {
  /// For messages: what stands where something else was expected.
  var typeName: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .number: "a number"
    case .string: "a string"
    case .beginArray: "a list"
    case .beginObject: "an object"
    }
  }
}
