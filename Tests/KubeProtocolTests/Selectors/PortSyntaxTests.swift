import KubeProtocol
import Testing

@Suite struct PortSyntaxTests {
  @Test(arguments: ["a", "http", "http1-user", "1a", "abcdefghijklmno"])
  func namesOfServicesAreNamesOfPorts(name: String) {
    #expect(PortSyntax.nameProblems(name).isEmpty)
  }

  @Test(arguments: ["", "80", "-a", "a-", "a--b", "A", "a b", "ü", "abcdefghijklmnop", "a\u{0}"])
  func othersAreNot(name: String) {
    #expect(!PortSyntax.nameProblems(name).isEmpty)
  }

  @Test func portsAreNumbersFromOneOn() {
    for number: Int64 in [1, 80, 65_535] { #expect(PortSyntax.numberProblem(number) == nil) }
    for number: Int64 in [.min, -1, 0, 65_536, .max] { #expect(PortSyntax.numberProblem(number) != nil) }
  }
}
