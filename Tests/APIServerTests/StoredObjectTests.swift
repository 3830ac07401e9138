import Basics
import Formats
import KubeProtocol
import KubeStore
import Testing

@testable import APIServer

@Suite struct StoredObjectTests {
  private let object: KubeObject = {
    var object = KubeObject(.configMaps, namespace: "n", name: "c")
    object["data"] = ["a": "b"]
    return object
  }()

  private func stored(_ content: StoredObject, _ revision: Int64) -> StoredValue {
    StoredValue(key: "/core/configmaps/n/c", content: content, createRevision: 1, revision: revision)
  }

  @Test func whatGoesToTheDiskIsTheObjectWithoutARevision() throws {
    let content = StoredObject(object, key: "/core/configmaps/n/c")
    #expect(try JSONValue(parsing: content.bytes) == object.json)
    #expect(try content.object(stored(content, 7)).resourceVersion == "7")
    #expect(try JSONValue(parsing: content.bytes) == object.json)
  }

  @Test func theSizeIsAboutThatOfTheText() {
    let content = StoredObject(object, key: "/core/configmaps/n/c")
    #expect(abs(content.size - content.bytes.count) < 20)
  }

  @Test func whoeverSeesAWriteBeforeItsWriterDoesGetsItsRevision() throws {
    let content = StoredObject(object, key: "/core/configmaps/n/c")
    #expect(try content.object(stored(content, 7)).resourceVersion == "7")
    #expect(try content.object(stored(content, 7)).name == "c")
  }

  @Test func aDeletionHasItsOwnRevisionAndLeavesTheValuesAlone() throws {
    let content = StoredObject(object, key: "/core/configmaps/n/c")
    _ = try content.object(stored(content, 7))
    #expect(try content.object(stored(content, 9)).resourceVersion == "9")
    #expect(try content.object(stored(content, 7)).resourceVersion == "7")
  }

  @Test func aTextFromADiskIsDecodedOnceAndThenGone() throws {
    let content = StoredObject(text: object.json.encoded(), key: "/core/configmaps/n/c")
    #expect(try content.object(stored(content, 3)).resourceVersion == "3")
    // A value without a text: what is found is the object itself.
    #expect(try content.object(stored(content, 3)).name == "c")
    #expect(try JSONValue(parsing: content.bytes) == object.json)
  }

  @Test func aTextThatIsNoObjectSaysWhichKeyItIs() throws {
    let content = StoredObject(text: Bytes("{".utf8), key: "/core/configmaps/n/c")
    #expect(throws: KubeError.self) { try content.object(stored(content, 3)) }
  }

  @Test func eventsStayTextsAndAreForgottenByAndBy() throws {
    let key = "/core/events/n/e"
    let event = KubeObject(.events, namespace: "n", name: "e")
    let recent = RecentObjects()
    let first = StoredObject(event, key: key)
    recent.add(first)
    for _ in 0..<RecentObjects.capacity { recent.add(StoredObject(event, key: key)) }
    let value = StoredValue(key: key, content: first, createRevision: 1, revision: 5)
    #expect(try first.object(value).resourceVersion == "5")
    #expect(try JSONValue(parsing: first.bytes) == event.json)
  }
}
