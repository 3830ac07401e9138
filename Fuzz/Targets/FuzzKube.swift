// fuzz: module=KubeProtocol reader=Sources/Protocols/KubeProtocol/Patches,Sources/Protocols/KubeProtocol/Selectors,Sources/Protocols/KubeProtocol/JSONPath,Sources/Protocols/KubeProtocol/Admission
import Basics
import Formats
import KubeProtocol

/// The small languages of the Kubernetes API. The first byte says which; a line break divides what is read from
/// what it is applied to.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzKube(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = UnsafeBufferPointer(start: start, count: count)
  guard let kind = bytes.first else { return 0 }
  let rest = bytes.dropFirst()
  let end = rest.firstIndex(of: 10) ?? rest.endIndex
  let first = String(decoding: rest[..<end], as: UTF8.self)
  let second = String(decoding: rest[end...].dropFirst(), as: UTF8.self)
  switch kind {
  case UInt8(ascii: "p"): fuzzPattern(first, second)
  case UInt8(ascii: "l"): fuzzSelectors(first)
  case UInt8(ascii: "j"): fuzzJSONPath(first, second)
  case UInt8(ascii: "s"): fuzzSchema(first, second)
  case UInt8(ascii: "a"): fuzzReview(first, second)
  default: fuzzPatches(first, second)
  }
  return 0
}

private func fuzzPattern(_ source: String, _ text: String) {
  guard let pattern = try? Pattern(source) else { return }
  _ = try? pattern.matches(text)
}

private func fuzzSelectors(_ text: String) {
  if let selector = try? LabelSelector(query: text) {
    #if PLANTED_BUG
      if selector.requirements.contains(where: { $0.values.count == 3 }) { fatalError("planted bug") }
    #endif
    guard let again = try? LabelSelector(query: selector.query), again.query == selector.query else {
      fatalError("the text of a selector is not read back the same")
    }
  }
  _ = try? FieldSelector(query: text)
}

private func fuzzJSONPath(_ text: String, _ document: String) {
  guard let path = try? JSONPath(text), let value = try? JSONValue(parsing: document) else { return }
  _ = path.values(in: value)
}

private func fuzzSchema(_ text: String, _ document: String) {
  guard let json = try? JSONValue(parsing: text) else { return }
  _ = try? Schema.structural(openAPIV3: json)
  guard let schema = try? Schema(openAPIV3: json), var value = try? JSONValue(parsing: document) else {
    return
  }
  let catalog = SchemaCatalog(["Self": schema])
  _ = SchemaPruner(schema: schema, catalog: catalog).prune(&value)
  guard SchemaPruner(schema: schema, catalog: catalog).prune(&value).isEmpty else {
    fatalError("pruning twice removes more than pruning once")
  }
  SchemaDefaulter(schema: schema, catalog: catalog).applyDefaults(to: &value)
  _ = SchemaValidator(schema: schema, catalog: catalog).validate(value)
  _ = (schema.openAPIV2JSON(), schema.openAPIV3JSON())
}

private func fuzzReview(_ text: String, _ changed: String) {
  guard let json = try? JSONValue(parsing: text) else { return }
  if let conversion = try? ConversionReview(json) { _ = conversion.answer(conversion.objects) }
  guard let review = try? AdmissionReview(json), let object = review.object,
    let wanted = try? JSONValue(parsing: changed), wanted.object != nil
  else { return }
  let answer = review.allowing(KubeObject(json: wanted))["response"]
  guard let bytes = (answer?["patch"]?.string).flatMap(Base64.decode) else { return }
  guard let patch = try? JSONValue(parsing: bytes),
    patch.array.map({ $0.count > JSONPatch.maximumOperations }) == true
      || (try? JSONPatch.apply(patch, to: object.json)) == wanted
  else { fatalError("the patch of an answer does not make the object that it was made for") }
}

private func fuzzPatches(_ text: String, _ document: String) {
  let limits = JSONLimits(depth: 64, bytes: 1 << 20)
  guard let patch = try? JSONValue(parsing: text, limits: limits),
    let value = try? JSONValue(parsing: document, limits: limits)
  else { return }
  if let patched = try? JSONPatch.apply(patch, to: value) {
    guard (try? JSONValue(parsing: patched.encoded())) != nil else {
      fatalError("a patched document cannot be read again")
    }
  }
  _ = try? MergePatch.apply(patch, to: value)
  for name in ["io.k8s.api.apps.v1.Deployment", BuiltinSchemas.podSpec] {
    _ = try? StrategicMergePatch.apply(
      patch, to: value, schema: .reference(name), catalog: BuiltinSchemas.catalog)
  }
  let difference = MergePatch.difference(from: value, to: patch)
  _ = MergePatch.merged(difference, into: value)
}
