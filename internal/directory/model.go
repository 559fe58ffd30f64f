package directory

// UserRequest is what a client sends to create or update a user. A property that is absent is nil, and
// is left out where a request is written as JSON; an empty text or list is not absent.
type UserRequest struct {
	Username             *string          `json:"username,omitzero"`
	ExternalDepartmentID *string          `json:"externalDepartmentId,omitzero"`
	DepartmentCode       *string          `json:"departmentCode,omitzero"`
	MailAddresses        []string         `json:"mailAddresses,omitzero"`
	ID                   *string          `json:"id,omitzero"`
	LookupField          *string          `json:"lookupField,omitzero"`
	UserType             *string          `json:"userType,omitzero"`
	UserAccesses         []UserAccess     `json:"userAccesses,omitzero"`
	AccessToZones        []int32          `json:"accessToZones,omitzero"`
	AccessTemplateID     *string          `json:"accessTemplateId,omitzero"`
	NationalNo           *string          `json:"nationalNo,omitzero"`
	Code                 *string          `json:"code,omitzero"`
	Name                 *string          `json:"name,omitzero"`
	Title                *string          `json:"title,omitzero"`
	CountryID            *string          `json:"countryId,omitzero"`
	PostalNo             *string          `json:"postalNo,omitzero"`
	Contact              *string          `json:"contact,omitzero"`
	Addr                 *string          `json:"addr,omitzero"`
	Addr2                *string          `json:"addr2,omitzero"`
	Phone                *string          `json:"phone,omitzero"`
	Phone2               *string          `json:"phone2,omitzero"`
	Mobile               *string          `json:"mobile,omitzero"`
	EmailAddr            *string          `json:"emailAddr,omitzero"`
	EmailAddr2           *string          `json:"emailAddr2,omitzero"`
	LanguageID           *string          `json:"languageId,omitzero"`
	DepartmentID         *string          `json:"departmentId,omitzero"`
	AccountNumber        *string          `json:"accountNumber,omitzero"`
	Note                 *string          `json:"note,omitzero"`
	Place                *string          `json:"place,omitzero"`
	MunicipalityNo       *string          `json:"municipalityNo,omitzero"`
	VisitingAddress      *string          `json:"visitingAddress,omitzero"`
	Misc1                *string          `json:"misc1,omitzero"`
	Misc2                *string          `json:"misc2,omitzero"`
	Misc3                *string          `json:"misc3,omitzero"`
	Misc4                *string          `json:"misc4,omitzero"`
	Misc5                *string          `json:"misc5,omitzero"`
	Addr3                *string          `json:"addr3,omitzero"`
	Addr4                *string          `json:"addr4,omitzero"`
	LeaveFrom            *string          `json:"leaveFrom,omitzero"`
	LeaveTo              *string          `json:"leaveTo,omitzero"`
	CategoryID           *string          `json:"categoryId,omitzero"`
	UserAccessCodes      *string          `json:"userAccessCodes,omitzero"`
	UserAccessFunctions  []AccessFunction `json:"userAccessFunctions,omitzero"`
	UserRoles            []UserRole       `json:"userRoles,omitzero"`
}

// WebsakUser is a user as the API answers it. What a reader has not asked for is not Shown and left out;
// everything else is there, null where the user has none.
type WebsakUser struct {
	GidID                 *string                 `json:"gidId"`
	ExternalUsername      *string                 `json:"externalUsername"`
	Active                bool                    `json:"active"`
	OrgUnitID             *string                 `json:"orgUnitId"`
	UserRequestJSONString *string                 `json:"userRequestJsonString"`
	AccessTemplateID      *string                 `json:"accessTemplateId"`
	NationalNo            *string                 `json:"nationalNo"`
	Code                  *string                 `json:"code"`
	Name                  *string                 `json:"name"`
	Title                 *string                 `json:"title"`
	CountryID             *string                 `json:"countryId"`
	PostalNo              *string                 `json:"postalNo"`
	Contact               *string                 `json:"contact"`
	Addr                  *string                 `json:"addr"`
	Addr2                 *string                 `json:"addr2"`
	Phone                 *string                 `json:"phone"`
	Phone2                *string                 `json:"phone2"`
	Mobile                *string                 `json:"mobile"`
	EmailAddr             Shown[*string]          `json:"emailAddr,omitzero"`
	EmailAddr2            Shown[*string]          `json:"emailAddr2,omitzero"`
	LanguageID            *string                 `json:"languageId"`
	DepartmentID          *string                 `json:"departmentId"`
	DepartmentCode        *string                 `json:"departmentCode"`
	AccountNumber         *string                 `json:"accountNumber"`
	Note                  *string                 `json:"note"`
	Place                 *string                 `json:"place"`
	MunicipalityNo        *string                 `json:"municipalityNo"`
	VisitingAddress       *string                 `json:"visitingAddress"`
	Misc1                 *string                 `json:"misc1"`
	Misc2                 *string                 `json:"misc2"`
	Misc3                 *string                 `json:"misc3"`
	Misc4                 *string                 `json:"misc4"`
	Misc5                 *string                 `json:"misc5"`
	Addr3                 *string                 `json:"addr3"`
	Addr4                 *string                 `json:"addr4"`
	LeaveFrom             *string                 `json:"leaveFrom"`
	LeaveTo               *string                 `json:"leaveTo"`
	CategoryID            *string                 `json:"categoryId"`
	UserAccessCodes       Shown[*string]          `json:"userAccessCodes,omitzero"`
	UserAccessFunctions   Shown[[]AccessFunction] `json:"userAccessFunctions,omitzero"`
	UserRoles             Shown[[]UserRole]       `json:"userRoles,omitzero"`
}

// UserAccess is one way in for a user. IsPrimary is true where a request does not say.
type UserAccess struct {
	Domain    *string `json:"domain"`
	Provider  *string `json:"provider"`
	Key       *string `json:"key"`
	IsPrimary bool    `json:"isPrimary"`
	ID        int32   `json:"id"`
}

// AccessFunction is a right.
type AccessFunction struct {
	ID          int32   `json:"id"`
	Code        *string `json:"code"`
	Name        *string `json:"name"`
	Description *string `json:"description"`
}

// UserRole is a role that a user has: RoleID is the assignment's own id, ID that of the role.
type UserRole struct {
	RoleID          *string `json:"roleId"`
	RoleUserID      *string `json:"roleUserId"`
	DepartmentList  *string `json:"departmentList"`
	ArchiveList     *string `json:"archiveList"`
	JournalUnitList *string `json:"journalUnitList"`
	GradeList       *string `json:"gradeList"`
	ID              *string `json:"id"`
	Description     *string `json:"description"`
}

// UserRoleRequest asks for a role; what is required must be there and not be empty.
type UserRoleRequest struct {
	ID              *string `json:"id" required:"true"`
	DepartmentList  *string `json:"departmentList" required:"true"`
	ArchiveList     *string `json:"archiveList"`
	JournalUnitList *string `json:"journalUnitList"`
	GradeList       *string `json:"gradeList" required:"true"`
}

// UserRoleResponse is a role as the roles routes answer it.
type UserRoleResponse struct {
	RoleID          *string `json:"roleId"`
	UserID          *string `json:"userId"`
	DepartmentList  *string `json:"departmentList"`
	ArchiveList     *string `json:"archiveList"`
	JournalUnitList *string `json:"journalUnitList"`
	GradeList       *string `json:"gradeList"`
	ID              *string `json:"id"`
	Description     *string `json:"description"`
}

// Department is a unit of the organisation as the API answers it.
type Department struct {
	ID                    *string `json:"id"`
	ExternalID            *string `json:"externalId"`
	Code                  *string `json:"code"`
	ParentDepartmentID    *string `json:"parentDepartmentId"`
	Abbreviation          *string `json:"abbreviation"`
	Name                  *string `json:"name"`
	Unit                  *string `json:"unit"`
	Group                 *string `json:"group"`
	ValidFromDate         *string `json:"validFromDate"`
	ValidToDate           *string `json:"validToDate"`
	JournalUnitID         *string `json:"journalUnitId"`
	ArchiveUnit           *string `json:"archiveUnit"`
	ManagerUserID         *string `json:"managerUserId"`
	Level                 *string `json:"level"`
	GidID                 *string `json:"gidId"`
	MailDistributionGroup *string `json:"mailDistributionGroup"`
	Intralink             *string `json:"intralink"`
	Div2                  *string `json:"div2"`
	PostalNo              *string `json:"postalNo"`
	Contact               *string `json:"contact"`
	Addr                  *string `json:"addr"`
	Addr2                 *string `json:"addr2"`
	Phone                 *string `json:"phone"`
}

// DepartmentRequest is what a client sends to create or update a department.
type DepartmentRequest struct {
	DepartmentName      *string `json:"departmentName"`
	DepartmentShortName *string `json:"departmentShortName"`
	DepartmentID        *string `json:"departmentId"`
	DepartmentParentID  *string `json:"departmentParentId"`
	DepartmentHeadID    *string `json:"departmentHeadId"`
	ExternalID          *string `json:"externalID"`
	Enhetstype          *string `json:"enhetstype"`
	PostalNo            *string `json:"postalNo"`
	Contact             *string `json:"contact"`
	Addr                *string `json:"addr"`
	Addr2               *string `json:"addr2"`
	Phone               *string `json:"phone"`
}
