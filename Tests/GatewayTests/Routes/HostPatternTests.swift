import Testing

@testable import Gateway

struct HostPatternTests {
  @Test(
    "hosts compare without case, port and the root's point",
    arguments: [
      ("iris.localhost", "iris.localhost"), ("Iris.LocalHost:8081", "iris.localhost"),
      ("iris.localhost.", "iris.localhost"), ("iris.localhost.:80", "iris.localhost"), ("[::1]:8080", "::1"),
      ("[::1]", "::1"), ("127.0.0.1:80", "127.0.0.1"), ("", ""), (".", "."), ("a:", "a"), ("::1", "::1"),
    ])
  func normalizes(host: String, normalized: String) {
    #expect(HostName.normalized(host[...]) == normalized)
  }

  @Test(
    "patterns intersect in the more specific one",
    arguments: [
      ("a.example.com", "a.example.com", "a.example.com"), ("a.example.com", "b.example.com", nil),
      ("*.example.com", "a.example.com", "a.example.com"), ("*.example.com", "example.com", nil),
      ("*.example.com", "a.b.example.com", "a.b.example.com"),
      ("*.example.com", "*.b.example.com", "*.b.example.com"),
      ("*.example.com", "*.example.org", nil), ("*.example.com", "*.example.com", "*.example.com"),
      ("a.badexample.com", "*.example.com", nil),
    ])
  func intersects(left: String, right: String, both: String?) {
    #expect(HostPattern(left).intersection(HostPattern(right)) == both.map { HostPattern($0) })
    #expect(HostPattern(right).intersection(HostPattern(left)) == both.map { HostPattern($0) })
  }
}
