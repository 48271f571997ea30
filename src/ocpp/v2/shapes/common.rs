//! What many messages of OCPP 2.x carry: tokens, certificates, components, messages, event streams.

use super::words;
use crate::ocpp::shape::Kind::*;
use crate::ocpp::shape::shapes;

shapes! {
    /// OCSPRequestDataType.
    OCSP_REQUEST_DATA {
        "hashAlgorithm": Word(&words::HASH_ALGORITHM), required;
        "issuerNameHash": Text(128), required;
        "issuerKeyHash": Text(128), required;
        "serialNumber": Text(40), required;
        "responderURL": TextBy(512, 2000), required;
    }

    /// MessageInfoType.
    MESSAGE_INFO {
        "display": Object(&COMPONENT), optional;
        "id": Within(0, i64::MAX), required;
        "priority": Word(&words::MESSAGE_PRIORITY), required;
        "state": Word(&words::MESSAGE_STATE), optional;
        "startDateTime": Time, optional;
        "endDateTime": Time, optional;
        "transactionId": Text(36), optional;
        "message": Object(&MESSAGE_CONTENT), required;
        "messageExtra": UpTo(4, &Object(&MESSAGE_CONTENT)), optional_from_21;
    }

    /// ComponentType.
    COMPONENT {
        "evse": Object(&EVSE), optional;
        "name": Text(50), required;
        "instance": Text(50), optional;
    }

    /// EVSEType.
    EVSE {
        "id": Within(0, i64::MAX), required;
        "connectorId": Within(0, i64::MAX), optional;
    }

    /// MessageContentType.
    MESSAGE_CONTENT {
        "format": Word(&words::MESSAGE_FORMAT), required;
        "language": Text(8), optional;
        "content": TextBy(512, 1024), required;
    }

    /// CertificateHashDataType (2.1).
    CERTIFICATE_HASH_DATA {
        "hashAlgorithm": Word(&words::HASH_ALGORITHM), required;
        "issuerNameHash": Text(128), required;
        "issuerKeyHash": Text(128), required;
        "serialNumber": Text(40), required;
    }

    /// BatteryDataType (2.1).
    BATTERY_DATA {
        "evseId": Within(0, i64::MAX), required;
        "serialNumber": Text(50), required;
        "soC": NumberBetween(0, 100), required;
        "soH": NumberBetween(0, 100), required;
        "productionDate": Time, optional;
        "vendorInfo": Text(500), optional;
    }

    /// IdTokenType.
    ID_TOKEN {
        "additionalInfo": List(&Object(&ADDITIONAL_INFO)), optional;
        "idToken": Token, required;
        "type": Word(&words::ID_TOKEN), required;
    }

    /// AdditionalInfoType.
    ADDITIONAL_INFO {
        "additionalIdToken": Token, required;
        "type": Text(50), required;
    }

    /// CertificateStatusRequestInfoType (2.1).
    CERTIFICATE_STATUS_REQUEST_INFO {
        "certificateHashData": Object(&CERTIFICATE_HASH_DATA), required;
        "source": Word(&words::CERTIFICATE_STATUS_SOURCE), required;
        "urls": UpTo(5, &Text(2000)), required;
    }

    /// StreamDataElementType (2.1).
    STREAM_DATA_ELEMENT {
        "t": Number, required;
        "v": Verbatim(2500), required;
    }

    /// AddressType (2.1).
    ADDRESS {
        "name": Text(50), required;
        "address1": Text(100), required;
        "address2": Text(100), optional;
        "city": Text(100), required;
        "postalCode": Text(20), optional;
        "country": Text(50), required;
    }

    /// ConstantStreamDataType (2.1).
    CONSTANT_STREAM_DATA {
        "id": Within(0, i64::MAX), required;
        "params": Object(&PERIODIC_EVENT_STREAM_PARAMS), required;
        "variableMonitoringId": Within(0, i64::MAX), required;
    }

    /// PeriodicEventStreamParamsType (2.1).
    PERIODIC_EVENT_STREAM_PARAMS {
        "interval": Within(0, i64::MAX), optional;
        "values": Within(0, i64::MAX), optional;
    }

    /// TransactionLimitType (2.1).
    TRANSACTION_LIMIT {
        "maxCost": Number, optional;
        "maxEnergy": Number, optional;
        "maxTime": Whole, optional;
        "maxSoC": Within(0, 100), optional;
    }

    /// SignedMeterValueType.
    SIGNED_METER_VALUE {
        "signedMeterData": TextBy(2500, 32768), required;
        "signingMethod": Text(50), required_until_21;
        "encodingMethod": Text(50), required;
        "publicKey": Text(2500), required_until_21;
    }

    /// StatusInfoType (2.1).
    STATUS_INFO {
        "reasonCode": Text(20), required;
        "additionalInfo": Text(1024), optional;
    }
}
