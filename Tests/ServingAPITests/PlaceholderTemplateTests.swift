import Formats
import ServingAPI
import Testing

@Suite struct PlaceholderTemplateTests {
  private let template = PlaceholderTemplate(
    .init(
      fields: ["Name": "iris", "Namespace": "team"],
      maps: [
        "Labels": ["tier": "gold"],
        "Annotations": ["note": "a \"quoted\" <b> & \\ {{.Name}} text", "example.com/owner-id": "me"],
      ]))

  @Test(arguments: [
    ("--model_name={{.Name}}", "--model_name=iris"),
    ("{{ .Name }}-{{ .Namespace }}", "iris-team"),
    ("{{.Labels.tier}}/{{.Labels.none}}", "gold/"),
    ("{{.Annotations.example.com/owner-id}}", "me"),
    ("{{ index .Annotations \"example.com/owner-id\" }}", "me"),
    ("no placeholder, { one brace } and }} alone", "no placeholder, { one brace } and }} alone"),
    ("é{{.Name}}\u{301}", "éiris\u{301}"),
    ("", ""),
  ])
  func placeholdersBecomeTheirValues(_ text: String, _ expected: String) throws {
    #expect(try template.render(text) == expected)
  }

  @Test func dashesTrimWhiteSpaceAsInGo() throws {
    #expect(try template.render("a  {{- .Name }} b") == "airis b")
    #expect(try template.render("a {{ .Name -}}  b") == "a irisb")
  }

  @Test func valuesGoInAsTheyAreAndAreNotRenderedAgain() throws {
    let rendered = try template.render(["args": ["--note={{.Annotations.note}}"], "count": 3])
    #expect(rendered["args"]?[0]?.string == "--note=a \"quoted\" <b> & \\ {{.Name}} text")
    #expect(rendered["count"]?.int == 3)
    #expect(try JSONValue(parsing: rendered.encoded()) == rendered)
  }

  @Test(arguments: [
    "{{.Unknown}}", "{{ range .Labels }}", "{{.Name", "{{}}", "{{.Spec.x}}", "{{ index .Labels tier }}",
    "{{Name}}",
    "{{ .Name | upper }}",
  ])
  func whatIsNotKnownIsRefusedWithTheText(_ text: String) {
    let error = #expect(throws: PlaceholderTemplate.Failure.self) { try template.render(text) }
    #expect(error?.description.contains(text) == true)
  }
}
