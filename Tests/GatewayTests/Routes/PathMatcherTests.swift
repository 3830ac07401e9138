import Testing

@testable import Gateway

struct PathMatcherTests {
  @Test(
    "a path prefix covers whole elements",
    arguments: [
      ("/", "/anything", true), ("/a", "/a", true), ("/a", "/a/", true), ("/a", "/a/b", true),
      ("/a", "/ab", false),
      ("/a/", "/a", true), ("/a/", "/a/b", true), ("/a", "/", false), ("/A", "/a", false),
    ])
  func prefixes(prefix: String, path: String, matches: Bool) {
    #expect(PathMatcher(pathPrefix: prefix).matches(path[...]) == matches)
  }

  @Test(
    "expressions cover the whole path",
    arguments: [
      ("^/.*$", "/v1/models", true), ("/v1/.*", "/v1/models", true), ("/v1/.*", "/v2/models", false),
      ("^/v1/models/[\\w-]+:explain$", "/v1/models/sklearn-iris:explain", true),
      ("^/v1/models/[\\w-]+:explain$", "/v1/models/sklearn-iris:predict", false),
      ("^/v1/models/[\\w-]+:explain$", "/x/v1/models/a:explain", false),
      ("^/v1/models/[\\w-]+:explain$", "/v1/models/a/b:explain", false),
      ("^/inference\\.GRPCInferenceService/.*$", "/inference.GRPCInferenceService/ModelInfer", true),
      ("^/inference\\.GRPCInferenceService/.*$", "/inferenceXGRPCInferenceService/ModelInfer", false),
      ("/a|/b", "/a", true), ("/a|/b", "/b", true), ("/a|/b", "/bc", false), ("/literal", "/literal", true),
      ("/literal", "/literal/", false),
    ])
  func expressions(source: String, path: String, matches: Bool) throws {
    #expect(try PathMatcher(regularExpression: source).matches(path[...]) == matches)
  }

  @Test(
    "literals and prefixes become plain comparisons",
    arguments: [
      ("^/.*$", "any"), (".*", "any"), ("/v1/.*", "prefix"), ("/v1\\.0", "exact"), ("^/a$", "exact"),
      ("/[ab]", "pattern"), ("/a\\.*", "pattern"), ("/\\d", "pattern"), ("/a$b", "pattern"),
    ])
  func compilesAway(source: String, kind: String) throws {
    let found =
      switch try PathMatcher(regularExpression: source) {
      case .any: "any"
      case .exact: "exact"
      case .prefix: "prefix"
      case .elements: "elements"
      case .pattern: "pattern"
      }
    #expect(found == kind)
  }

  @Test func longPathsAgainstNestedRepetitionsEndQuickly() throws {
    let matcher = try PathMatcher(regularExpression: "/(a+)+b")
    let path = "/" + String(repeating: "a", count: 8000)
    #expect(!matcher.matches(path[...]))
  }
}
