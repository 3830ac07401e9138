import ServingAPI
import Testing

@Suite struct StorageURITests {
  @Test(arguments: [
    ("pvc://samples/models/iris", StorageURI.Scheme.pvc, "samples", "models/iris"),
    ("pvc://samples", .pvc, "samples", ""),
    (
      "gs://kfserving-examples/models/sklearn/1.0/model", .gcs, "kfserving-examples",
      "models/sklearn/1.0/model"
    ),
    ("https://host:8443/a.zip?x=1", .https, "host:8443", "a.zip?x=1"),
    ("file:///srv/model", .file, "", "srv/model"),
    ("/srv/model", .localPath, "", "/srv/model"),
    ("models/iris", .localPath, "", "models/iris"),
    ("hf://owner/model:rev", .huggingFace, "owner", "model:rev"),
    ("oci+native://registry/image:1", .ociNative, "registry", "image:1"),
  ])
  func partsAreTakenApart(_ text: String, _ scheme: StorageURI.Scheme, _ authority: String, _ path: String)
    throws
  {
    let uri = try StorageURI(text)
    #expect(uri.scheme == scheme)
    #expect(uri.authority == authority)
    #expect(uri.path == path)
    #expect(uri.text == text)
  }

  @Test(arguments: [
    ("", "storage URI cannot be empty"),
    ("ftp://host/model", "StorageUri [ftp://host/model] is not supported."),
    ("S3://bucket/model", "is not supported"),
    ("pvc:///models", "names no valid claim"),
    ("pvc://Bad_Claim/models", "names no valid claim"),
    ("pvc://claim/../other", "contains \"..\""),
    ("gs://", "names no bucket"),
    ("gs://a\nb", "control character"),
  ])
  func badOnesAreRefusedWithTheCause(_ text: String, _ expected: String) {
    let error = #expect(throws: StorageURI.Failure.self) { try StorageURI(text) }
    #expect(error?.description.contains(expected) == true)
  }

  @Test func theLengthIsBounded() {
    #expect(throws: StorageURI.Failure.self) {
      try StorageURI("gs://b/" + String(repeating: "x", count: 5000))
    }
  }

  @Test(arguments: [
    (["/mnt/models/a", "/mnt/models/b/c"], "/mnt/models"), (["/mnt/models"], "/mnt/models"),
    (["/a", "/b"], "/"),
    (["/ab", "/abc"], "/"), ([], "/"),
  ])
  func theCommonParentIsAWholeFolder(_ paths: [String], _ expected: String) {
    #expect(MountPaths.commonParent(paths) == expected)
  }

  @Test func volumeNamesAreLabels() {
    #expect(MountPaths.volumeName("/mnt/models/A_b.c/") == "mnt-models-a-b-c")
    #expect(MountPaths.volumeName("/") == "kserve-provision-location")
    #expect(DNSName.isLabel(MountPaths.volumeName("/" + String(repeating: "x-", count: 80))))
  }
}
