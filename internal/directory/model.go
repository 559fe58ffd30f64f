package directory

// UserRequest is what a client sends to create or update a user. A property that is absent is nil.
type UserRequest struct {
	Username             *string          `json:"username"`
	ExternalDepartmentID *string          `json:"externalDepartmentId"`
	DepartmentCode       *string          `json:"departmentCode"`
	MailAddresses        []string         `json:"mailAddresses"`
	ID                   *string          `json:"id"`
	LookupField          *string          `json:"lookupField"`
	UserType             *string          `json:"userType"`
	UserAccesses         []UserAccess     `json:"userAccesses"`
	AccessToZones        []int32          `json:"accessToZones"`
	AccessTemplateID     *string          `json:"accessTemplateId"`
	NationalNo           *string          `json:"nationalNo"`
	Code                 *string          `json:"code"`
	Name                 *string          `json:"name"`
	Title                *string          `json:"title"`
	CountryID            *string          `json:"countryId"`
	PostalNo             *string          `json:"postalNo"`
	Contact              *string          `json:"contact"`
	Addr                 *string          `json:"addr"`
	Addr2                *string          `json:"addr2"`
	Phone                *string          `json:"phone"`
	Phone2               *string          `json:"phone2"`
	Mobile               *string          `json:"mobile"`
	EmailAddr            *string          `json:"emailAddr"`
	EmailAddr2           *string          `json:"emailAddr2"`
	LanguageID           *string          `json:"languageId"`
	DepartmentID         *string          `json:"departmentId"`
	AccountNumber        *string          `json:"accountNumber"`
	Note                 *string          `json:"note"`
	Place                *string          `json:"place"`
	MunicipalityNo       *string          `json:"municipalityNo"`
	VisitingAddress      *string          `json:"visitingAddress"`
	Misc1                *string          `json:"misc1"`
	Misc2                *string          `json:"misc2"`
	Misc3                *string          `json:"misc3"`
	Misc4                *string          `json:"misc4"`
	Misc5                *string          `json:"misc5"`
	Addr3                *string          `json:"addr3"`
	Addr4                *string          `json:"addr4"`
	LeaveFrom            *string          `json:"leaveFrom"`
	LeaveTo              *string          `json:"leaveTo"`
	CategoryID           *string          `json:"categoryId"`
	UserAccessCodes      *string          `json:"userAccessCodes"`
	UserAccessFunctions  []AccessFunction `json:"userAccessFunctions"`
	UserRoles            []UserRole       `json:"userRoles"`
}

// WebsakUser is a user as the API answers it.
type WebsakUser struct {
	GidID                 *string          `json:"gidId"`
	ExternalUsername      *string          `json:"externalUsername"`
	Active                bool             `json:"active"`
	OrgUnitID             *string          `json:"orgUnitId"`
	UserRequestJSONString *string          `json:"userRequestJsonString"`
	AccessTemplateID      *string          `json:"accessTemplateId"`
	NationalNo            *string          `json:"nationalNo"`
	Code                  *string          `json:"code"`
	Name                  *string          `json:"name"`
	Title                 *string          `json:"title"`
	CountryID             *string          `json:"countryId"`
	PostalNo              *string          `json:"postalNo"`
	Contact               *string          `json:"contact"`
	Addr                  *string          `json:"addr"`
	Addr2                 *string          `json:"addr2"`
	Phone                 *string          `json:"phone"`
	Phone2                *string          `json:"phone2"`
	Mobile                *string          `json:"mobile"`
	EmailAddr             *string          `json:"emailAddr"`
	EmailAddr2            *string          `json:"emailAddr2"`
	LanguageID            *string          `json:"languageId"`
	DepartmentID          *string          `json:"departmentId"`
	DepartmentCode        *string          `json:"departmentCode"`
	AccountNumber         *string          `json:"accountNumber"`
	Note                  *string          `json:"note"`
	Place                 *string          `json:"place"`
	MunicipalityNo        *string          `json:"municipalityNo"`
	VisitingAddress       *string          `json:"visitingAddress"`
	Misc1                 *string          `json:"misc1"`
	Misc2                 *string          `json:"misc2"`
	Misc3                 *string          `json:"misc3"`
	Misc4                 *string          `json:"misc4"`
	Misc5                 *string          `json:"misc5"`
	Addr3                 *string          `json:"addr3"`
	Addr4                 *string          `json:"addr4"`
	LeaveFrom             *string          `json:"leaveFrom"`
	LeaveTo               *string          `json:"leaveTo"`
	CategoryID            *string          `json:"categoryId"`
	UserAccessCodes       *string          `json:"userAccessCodes"`
	UserAccessFunctions   []AccessFunction `json:"userAccessFunctions"`
	UserRoles             []UserRole       `json:"userRoles"`
}

// UserAccess is one way in for a user.
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

// UserRole is a role that a user has.
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

// UserRoleRequest asks for a role.
type UserRoleRequest struct {
	ID              *string `json:"id"`
	DepartmentList  *string `json:"departmentList"`
	ArchiveList     *string `json:"archiveList"`
	JournalUnitList *string `json:"journalUnitList"`
	GradeList       *string `json:"gradeList"`
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
