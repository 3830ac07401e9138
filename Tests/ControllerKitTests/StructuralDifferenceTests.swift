import ControllerKit
import Formats
import KubeProtocol
import Testing

@Suite struct StructuralDifferenceTests {
  private func difference(_ desired: JSONValue, _ existing: JSONValue) -> String? {
    StructuralDifference.first(desired: desired, existing: existing)
  }

  @Test func whatTheServerAddsIsNoDifference() {
    #expect(
      difference(
        ["containers": [["name": "a", "image": "x", "ports": [["containerPort": 80]]]]],
        [
          "containers": [
            [
              "name": "a", "image": "x", "terminationMessagePath": "/dev/termination-log",
              "ports": [["containerPort": 80, "protocol": "TCP"]],
            ]
          ], "dnsPolicy": "ClusterFirst",
        ]) == nil)
  }

  @Test(arguments: [JSONValue.null, [:], [], ""])
  func whatIsEmptyMatchesWhatIsAbsent(_ value: JSONValue) {
    #expect(difference(["a": value], [:]) == nil)
  }

  @Test func aMemberThatIsWantedAbsentMustBeAbsent() {
    #expect(difference(["a": .null], ["a": 1]) == "a")
  }

  @Test func thePathLeadsToTheDifference() {
    let existing: JSONValue = [
      "spec": ["containers": [["name": "a", "env": [["name": "X", "value": "1"]]]]]
    ]
    let desired: JSONValue = ["spec": ["containers": [["name": "a", "env": [["name": "X", "value": "2"]]]]]]
    #expect(difference(desired, existing) == "spec.containers[0].env[0].value")
  }

  @Test func containersAreToldApartByNameNotByPlace() {
    let desired: JSONValue = ["containers": [["name": "a", "image": "1"], ["name": "b", "image": "2"]]]
    let existing: JSONValue = ["containers": [["name": "b", "image": "2"], ["name": "a", "image": "1"]]]
    #expect(difference(desired, existing) == nil)
  }

  @Test func theOrderOfVariablesCounts() {
    let desired: JSONValue = ["env": [["name": "A", "value": "1"], ["name": "B", "value": "$(A)"]]]
    let existing: JSONValue = ["env": [["name": "B", "value": "$(A)"], ["name": "A", "value": "1"]]]
    #expect(difference(desired, existing) == "env[0].name")
  }

  @Test func anElementTooManyIsADifference() {
    #expect(difference(["args": ["a"]], ["args": ["a", "b"]]) == "args")
  }

  @Test func quantitiesCompareByValue() {
    #expect(
      difference(
        ["requests": ["cpu": "1000m", "memory": "1Gi"]], ["requests": ["cpu": "1", "memory": "1024Mi"]])
        == nil)
    #expect(difference(["requests": ["cpu": 1]], ["requests": ["cpu": "1"]]) == nil)
    #expect(difference(["limits": ["cpu": "2"]], ["limits": ["cpu": "1"]]) == "limits.cpu")
    // Elsewhere they are texts.
    #expect(difference(["value": "1000m"], ["value": "1"]) == "value")
  }

  @Test func typesCount() {
    #expect(difference(["a": "1"], ["a": 1]) == "a")
    #expect(difference(["a": [:]], ["a": 1]) == "a")
    #expect(difference(["a": true], ["a": false]) == "a")
  }
}

@Suite struct QuantityTests {
  @Test(arguments: [
    ("0", 0), ("1", 1_000_000_000), ("500m", 500_000_000), ("1.5", 1_500_000_000), ("1e3", 1_000_000_000_000),
    ("2Ki", 2_048_000_000_000), ("-1k", -1_000_000_000_000), (".5", 500_000_000), ("1n", 1),
    ("1E2", 100_000_000_000),
  ])
  func readsAndScales(_ text: String, _ billionths: Int) {
    #expect(Quantity(text)?.billionths == Int128(billionths))
  }

  @Test(arguments: ["", "m", "1x", "1.2.3", "1e", "1e99", "--1", "1 ", "١"])
  func refusesWhatIsNone(_ text: String) {
    #expect(Quantity(text) == nil)
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(Quantity(String(repeating: "9", count: 60)) == nil)
    #expect(Quantity("99999999999999999999999999999Ei") == nil)
  }
}
