internal import Basics

extension EstimatorFamily {
  static let texts: [EstimatorFamily] = [
    EstimatorFamily(
      ["sklearn.feature_extraction.text"], ["CountVectorizer", "TfidfVectorizer", "HashingVectorizer"]
    ) { binder, state throws(BindError) in BoundEstimator(try binder.textVectorizer(state)) },
    EstimatorFamily(
      ["sklearn.feature_extraction.text"],
      [
        "TfidfTransformer": { binder, state throws(BindError) in
          BoundEstimator(try binder.termWeightTransformer(state))
        }
      ]),
    EstimatorFamily(
      ["sklearn.feature_extraction._dict_vectorizer", "sklearn.feature_extraction.dict_vectorizer"],
      [
        "DictVectorizer": { binder, state throws(BindError) in
          BoundEstimator(try binder.dictVectorizer(state))
        }
      ]),
  ]
}

extension EstimatorBinder {
  func textVectorizer(_ state: EstimatorState) throws(BindError) -> TextVectorizer {
    let isHashing = state.className == "HashingVectorizer"
    let isWeighting = state.className == "TfidfVectorizer"
    for name in ["preprocessor", "tokenizer"] where !state.isNone(name) {
      throw .unsupported("its \(state.className) has a \(name) written in Python")
    }
    guard try state.text("input", default: "content") == "content" else {
      throw .unsupported("its \(state.className) reads files (input is not 'content')")
    }
    var terms = TextVectorizer.Terms.hashed(alternatesSign: true)
    var columns = 0
    if isHashing {
      columns = try state.int("n_features")
      guard columns > 0, columns <= Int(Int32.max) else { throw state.malformed("n_features", "a count") }
      terms = .hashed(alternatesSign: try state.bool("alternate_sign"))
    } else {
      let vocabulary = try vocabulary(state)
      columns = vocabulary.count
      terms = .vocabulary(vocabulary)
    }
    let inner = isWeighting ? try state.nested("_tfidf") : nil
    return TextVectorizer(
      className: state.className, analyzer: try analyzer(state), terms: terms, outputColumns: columns,
      isBinary: try state.bool("binary"), element: try element(state),
      weighting: try inner.map { inner throws(BindError) in try weighting(inner, columns) },
      norm: isHashing ? try norm(state) : nil)
  }

  private func element(_ state: EstimatorState) throws(BindError) -> SparseRows.Element {
    switch try state.encoderType() {
    case .float64: .float64
    case .float32: .float32
    case .int64, .int32: .int64
    }
  }

  private func norm(_ state: EstimatorState) throws(BindError) -> Normalizer.Norm? {
    guard !state.isNone("norm") else { return nil }
    guard let norm = Normalizer.Norm(rawValue: try state.string("norm")) else {
      throw state.malformed("norm", "l1, l2 or None")
    }
    return norm
  }

  private func vocabulary(_ state: EstimatorState) throws(BindError) -> [[UInt8]: Int32] {
    let entries = try state.entries("vocabulary_")
    try hold(entries.count, 128)
    var vocabulary: [[UInt8]: Int32] = [:]
    vocabulary.reserveCapacity(entries.count)
    for entry in entries {
      guard case .string(let term) = entry.key, case .integer(let column) = entry.value,
        column >= 0, column < Int64(entries.count)
      else { throw state.malformed("vocabulary_", "a dictionary of terms and columns") }
      vocabulary[Array(term.utf8)] = Int32(truncatingIfNeeded: column)
    }
    guard vocabulary.count == entries.count, !entries.isEmpty else {
      throw state.malformed("vocabulary_", "a dictionary of different terms")
    }
    return vocabulary
  }

  private func analyzer(_ state: EstimatorState) throws(BindError) -> TextAnalyzer {
    let range = try state.items("ngram_range").compactMap { state.cell($0)?.double }.compactMap {
      Int(exactly: $0)
    }
    guard range.count == 2, range[0] >= 1, range[1] >= range[0], range[1] <= 64 else {
      throw state.malformed("ngram_range", "two lengths, the shorter first")
    }
    var unit: TextAnalyzer.Unit
    switch try state.value("analyzer") {
    case .string("word"): unit = .word(try tokenPattern(state))
    case .string("char"): unit = .character
    case .string("char_wb"): unit = .characterWithinWords
    default: throw .unsupported("its \(state.className) has an analyzer written in Python")
    }
    var accents = TextAnalyzer.Accents.keep
    switch try state.value("strip_accents") {
    case .none: break
    case .string("unicode"): accents = .unicode
    case .string("ascii"): accents = .ascii
    default: throw .unsupported("its \(state.className) strips accents with a function written in Python")
    }
    var stopWords: Set<[UInt8]> = []
    if case .word = unit { stopWords = try stopWordSet(state) }
    return TextAnalyzer(
      unit: unit, lowercases: try state.bool("lowercase"), accents: accents, shortest: range[0],
      longest: range[1], stopWords: stopWords)
  }

  private func tokenPattern(_ state: EstimatorState) throws(BindError) -> TokenPattern {
    let text = try state.string("token_pattern")
    guard text.utf8.count <= 256, let pattern = TokenPattern(parsing: text) else {
      throw .unsupported(
        "its \(state.className) has the token_pattern '\(String(quoting: text, limit: 60))'; runs of one "
          + "class of characters can be served, such as \\b\\w\\w+\\b or [a-z]+")
    }
    return pattern
  }

  private func stopWordSet(_ state: EstimatorState) throws(BindError) -> Set<[UInt8]> {
    switch try state.value("stop_words") {
    case .none: return []
    case .string("english"): return Set(EnglishStopWords.words.map { Array($0.utf8) })
    case .node:
      var items: [PickleValue]?
      let value = try state.value("stop_words")
      if case .set(let members)? = graph.node(value) { items = members } else { items = state.items(value) }
      guard let items else { throw state.malformed("stop_words", "a list of words") }
      try spend(elements: items.count)
      try hold(items.count, 64)
      var words: Set<[UInt8]> = []
      for item in items {
        guard case .string(let word) = item else { throw state.malformed("stop_words", "a list of words") }
        words.insert(Array(word.utf8))
      }
      return words
    default: throw state.malformed("stop_words", "a list of words")
    }
  }

  private func weighting(_ state: EstimatorState, _ columns: Int) throws(BindError) -> TermWeighting {
    var frequencies: [Double]?
    let isDiagonal = state.has("_idf_diag")
    if try state.bool("use_idf") {
      frequencies =
        isDiagonal
        ? try state.sparseMatrix("_idf_diag", columns: columns).values
        : try state.vector("idf_", count: columns)
      guard frequencies?.count == columns else { throw state.malformed("_idf_diag", "a number per column") }
    }
    return TermWeighting(
      isSublinear: try state.bool("sublinear_tf"), inverseFrequencies: frequencies, reversesRows: isDiagonal,
      norm: try norm(state))
  }

  func termWeightTransformer(_ state: EstimatorState) throws(BindError) -> TermWeightTransformer {
    let identity = try state.identity()
    return TermWeightTransformer(
      identity: identity, featureNames: try state.featureNames(identity),
      weighting: try weighting(state, identity.featureCount))
  }

  func dictVectorizer(_ state: EstimatorState) throws(BindError) -> DictVectorizer {
    let entries = try state.entries("vocabulary_")
    try hold(entries.count, 128)
    var vocabulary: [String: Int] = [:]
    for entry in entries {
      guard case .string(let name) = entry.key, case .integer(let column) = entry.value, column >= 0,
        column < Int64(entries.count)
      else { throw state.malformed("vocabulary_", "a dictionary of names and columns") }
      vocabulary[name] = Int(column)
    }
    var isSingle = false
    if case .float32 = try state.encoderType() { isSingle = true }
    return DictVectorizer(
      separator: try state.string("separator"), vocabulary: vocabulary,
      outputColumns: entries.count, isSparse: try state.bool("sparse"), isSingle: isSingle)
  }
}
