extension BuiltinSchemas {
  /// Volumes, claims on them, and their classes. The claim's spec stands with the volumes of pods.
  static let storageSchemas: String = """
    package io.k8s.api.core.v1
    type PersistentVolumeClaim kind=v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec: PersistentVolumeClaimSpec
      status: PersistentVolumeClaimStatus
    type PersistentVolumeClaimStatus
      accessModes: [string] atomic
      allocatedResourceStatuses: {string}
      allocatedResources: {Quantity}
      capacity: {Quantity}
      conditions: [PersistentVolumeClaimCondition] merge=type
      currentVolumeAttributesClassName: string
      modifyVolumeStatus: object
      phase: string
    type PersistentVolumeClaimCondition
      lastProbeTime: Time
      lastTransitionTime: Time
      message: string
      reason: string
      status!: string
      type!: string
    type PersistentVolume kind=v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec: PersistentVolumeSpec
      status: PersistentVolumeStatus
    type PersistentVolumeSpec
      accessModes: [string] atomic
      awsElasticBlockStore: object
      azureDisk: object
      azureFile: object
      capacity: {Quantity}
      cephfs: object
      cinder: object
      claimRef: ObjectReference
      csi: object
      fc: object
      flexVolume: object
      flocker: object
      gcePersistentDisk: object
      glusterfs: object
      hostPath: HostPathVolumeSource
      iscsi: object
      local: LocalVolumeSource
      mountOptions: [string] atomic
      nfs: NFSVolumeSource
      nodeAffinity: VolumeNodeAffinity
      persistentVolumeReclaimPolicy: string
      photonPersistentDisk: object
      portworxVolume: object
      quobyte: object
      rbd: object
      scaleIO: object
      storageClassName: string
      storageos: object
      volumeAttributesClassName: string
      volumeMode: string
      vsphereVolume: object
    type LocalVolumeSource
      fsType: string
      path!: string
    type VolumeNodeAffinity
      required: NodeSelector
    type PersistentVolumeStatus
      lastPhaseTransitionTime: Time
      message: string
      phase: string
      reason: string
    package io.k8s.api.storage.v1
    type StorageClass kind=storage.k8s.io/v1
      allowVolumeExpansion: bool
      allowedTopologies: [object] atomic
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      mountOptions: [string] atomic
      parameters: {string}
      provisioner!: string
      reclaimPolicy: string
      volumeBindingMode: string
    """
}
