internal import Basics
@testable internal import ClassicRuntime
internal import ModelRuntime
internal import Testing

@Suite("Files that hold no model to serve")
struct UnfittedModelTests {
  private func error(_ build: (inout PickleBuilder) -> Void) -> ModelLoadError? {
    #expect(throws: ModelLoadError.self) {
      _ = try ClassicRuntime().load(
        bytes: PickleBuilder.make(build), path: "model.pkl", options: LoadOptions())
    }
  }

  /// An instance whose state is a dictionary of texts.
  private func instance(
    _ builder: inout PickleBuilder, _ module: String, _ name: String, _ state: [(String, String)]
  ) {
    builder.global(module, name)
    builder.add(0x29)
    builder.add(0x81)
    builder.add(0x7d)
    builder.add(0x28)
    for (key, value) in state {
      builder.text(key)
      builder.text(value)
    }
    builder.add(0x75)
    builder.add(0x62)
  }

  @Test("An estimator that was never fitted says so")
  func unfitted() {
    let state = [("_sklearn_version", "1.5.2")]
    let scaler = error { instance(&$0, "sklearn.preprocessing._data", "StandardScaler", state) }
    #expect(scaler?.message.contains("StandardScaler is not fitted") == true)
  }

  @Test("Something that is no estimator is described")
  func otherValues() {
    let dictionary = error { $0.add(0x7d) }
    #expect(dictionary?.code == .unsupportedEstimator)
    #expect(dictionary?.message.contains("holds a dictionary, not an estimator") == true)
    #expect(error { $0.add(0x4e) }?.message.contains("holds None") == true)
    let state = [("_sklearn_version", "1.5.2")]
    let clusters = error { instance(&$0, "sklearn.cluster._optics", "OPTICS", state) }
    #expect(clusters?.message.contains("sklearn.cluster._optics.OPTICS") == true)
  }

  @Test("A pipeline that holds itself is an error")
  func recursivePipeline() {
    let recursive = error { builder in
      builder.global("sklearn.pipeline", "Pipeline")
      builder.add(0x29)
      builder.add(0x81)
      builder.add(0x94)  // memoize 0: the pipeline
      builder.add(0x7d)
      builder.text("_sklearn_version")
      builder.text("1.5.2")
      builder.add(0x73)
      builder.text("steps")
      builder.add(0x5d)
      builder.text("again")
      builder.add(0x68, [0])
      builder.add(0x86)
      builder.add(0x61)
      builder.add(0x73)
      builder.add(0x62)
    }
    #expect(recursive?.code == .corrupt)
    #expect(recursive?.message.contains("nests estimators") == true)
  }

  @Test("A state that contradicts itself is an error")
  func contradictions() {
    let state = [("_sklearn_version", "1.5.2"), ("n_features_in_", "4"), ("kernel", "cosine")]
    let classifier = error { instance(&$0, "sklearn.svm._classes", "SVC", state) }
    #expect(classifier?.code == .corrupt)
  }

  @Test(
    "A version that is none is corrupt",
    arguments: ["newest", "-1.2", "1", "1.", ".5", "99999999999999999999.1"])
  func impossibleVersions(version: String) {
    let error = error { instance(&$0, "sklearn.svm._classes", "SVC", [("_sklearn_version", version)]) }
    #expect(error?.code == .corrupt)
    #expect(error?.message.contains("SVC says scikit-learn version '\(version)'") == true)
  }

  @Test("A file without a version, or of scikit-learn 2, is of an unknown version")
  func unknownVersions() {
    let future = error { instance(&$0, "sklearn.svm._classes", "SVC", [("_sklearn_version", "2.0.1")]) }
    #expect(future?.code == .unsupportedVersion)
    #expect(future?.message.contains("scikit-learn 2.0; versions 1.0 to 1.9 are known") == true)
    let missing = error { instance(&$0, "sklearn.svm._classes", "SVC", []) }
    #expect(missing?.code == .unsupportedVersion)
    #expect(missing?.message.contains("does not say which version of scikit-learn wrote it") == true)
  }

  @Test("Versions are read as scikit-learn writes them")
  func versions() {
    #expect(SklearnVersion(text: "1.5.2") == SklearnVersion(1, 5))
    #expect(SklearnVersion(text: "0.24.1") == SklearnVersion(0, 24))
    #expect(SklearnVersion(text: "1.9.dev0") == SklearnVersion(1, 9))
    #expect(SklearnVersion(text: "1.3rc1") == SklearnVersion(1, 3))
    #expect(SklearnVersion(text: "1.10.0") == SklearnVersion(1, 10))
    #expect(SklearnVersion(text: "1.5." + String(repeating: "0", count: 100)) == nil)
  }
}
