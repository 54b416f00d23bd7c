"""What the bodies of writes may hold, resource by resource."""

from __future__ import annotations

from ml_connector_sandbox.systems.visma_net.body import Field, Nested, Shape

_TEXT, _YES_NO, _DATE, _AMOUNT = Field("text"), Field("yes_no"), Field("date"), Field("amount")
_SUB = Nested(
    {"segmentId": Field("whole", wrapped=False), "segmentValue": Field("text", wrapped=False)}, many=True
)
LINE: Shape = {
    "operation": Field("text", wrapped=False),
    "lineNumber": Field("whole"),
    "accountNumber": _TEXT,
    "subaccount": _SUB,
    "project": _TEXT,
    "projectTask": _TEXT,
    "referenceNumber": _TEXT,
    "transactionDescription": _TEXT,
    "debitAmountInCurrency": _AMOUNT,
    "creditAmountInCurrency": _AMOUNT,
    "vatCodeId": _TEXT,
    "vatId": _TEXT,
    "branch": _TEXT,
    "uom": _TEXT,
    "quantity": _AMOUNT,
    "note": _TEXT,
}
BATCH: Shape = {
    "batchNumber": _TEXT,
    "hold": _YES_NO,
    "transactionDate": Field("date"),
    "postPeriod": _TEXT,
    "financialPeriod": _TEXT,
    "ledger": _TEXT,
    "currencyId": _TEXT,
    "exchangeRate": _AMOUNT,
    "autoReversing": _YES_NO,
    "description": _TEXT,
    "controlTotalInCurrency": _AMOUNT,
    "createVatTransaction": _YES_NO,
    "skipVatAmountValidation": _YES_NO,
    "transactionCode": _TEXT,
    "branch": _TEXT,
    "overrideNumberSeries": _YES_NO,
    "journalTransactionLines": Nested(LINE, many=True),
}
SEGMENT: Shape = {
    "dimensionId": Field("text", wrapped=False),
    "segementId": Field("whole", wrapped=False),
    "description": _TEXT,
    "segmentValues": Nested(
        {
            "operation": Field("text", wrapped=False),
            "value": Field("text", wrapped=False),
            "description": _TEXT,
            "active": _YES_NO,
        },
        many=True,
    ),
}
SUBACCOUNT_SHAPE: Shape = {
    "subaccountNumber": _TEXT,
    "subaccountId": _TEXT,
    "description": _TEXT,
    "active": _YES_NO,
}
ACCOUNT: Shape = {
    "accountCD": _TEXT,
    "active": _YES_NO,
    "accountClass": _TEXT,
    "currency": _TEXT,
    "description": _TEXT,
    "accountGroupCD": _TEXT,
    "postOption": _TEXT,
    "publicCode1": _TEXT,
    "type": _TEXT,
    "useDefaultSub": _YES_NO,
    "taxCategory": _TEXT,
}
DEPARTMENT: Shape = {
    "departmentId": Field("text", wrapped=False),
    "description": _TEXT,
    "expenseAccount": _TEXT,
    "expenseSubaccount": _SUB,
}
CONTACT: Shape = dict.fromkeys(
    ("firstName", "lastName", "middleName", "email", "phone1", "phone2", "phone3", "fax"), _TEXT
)
_ADDRESS: Shape = dict.fromkeys(
    ("addressLine1", "addressLine2", "addressLine3", "postalCode", "city", "countryId", "county"), _TEXT
)
EMPLOYEE: Shape = {
    **dict.fromkeys(("employeeCd", "department", "employeeClass", "branch", "calendar", "status"), _TEXT),
    "contact": Nested(CONTACT),
    "address": Nested(_ADDRESS),
}
PROJECT: Shape = {
    **dict.fromkeys(("projectID", "description", "status", "branch"), _TEXT),
    "hold": _YES_NO,
    "startDate": _DATE,
    "endDate": _DATE,
    "visibility": Nested({"visibleInGl": _YES_NO}),
}
TASK: Shape = {
    **dict.fromkeys(("taskId", "description", "status"), _TEXT),
    "startDate": _DATE,
    "endDate": _DATE,
    "visibility": Nested({"visibleInGl": _YES_NO}),
}
NUMBER: Shape = {"employeeNr": Field("text", wrapped=False), "projectId": Field("text", wrapped=False)}
