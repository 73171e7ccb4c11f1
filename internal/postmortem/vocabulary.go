package postmortem

import (
	"regexp"
	"strings"
	"sync"
)

// pattern is a regular expression that is compiled when it is first needed:
// most runs of the program read no document.
type pattern struct {
	source func() string
	once   sync.Once
	re     *regexp.Regexp
}

func lazy(source string) *pattern { return lazyFunc(func() string { return source }) }

func lazyFunc(source func() string) *pattern { return &pattern{source: source} }

func (p *pattern) get() *regexp.Regexp {
	p.once.Do(func() { p.re = regexp.MustCompile(p.source()) })
	return p.re
}

// field is what a value says of an item: the meaning of a table's column, of
// the word before a colon, of a key in JSON or YAML.
type field int

const (
	noField    field = iota
	titleField       // says "action item" or "action"
	maybeField       // could be the title, in a section of action items
	textField
	ownerField
	priorityField
	typeField
	dueField
	ticketField
	statusField
	serviceField
	idField
	timeField // of a timeline
	dateField // a due date beside an owner, else a timeline
)

// fieldWords says which words name which field, folded, by commas.
//
//nolint:misspell // words of other languages
var fieldWords = map[field]string{
	titleField: `action,actions,action item,action items,action item description,action description,action needed,action required,action to take,actions required,actions to take,actionable,actionables,
		preventive action,preventative action,corrective action,preventive actions,corrective actions,follow-up action,followup action,remediation action,remediation item,proposed action,planned action,recommended action,action point,improvement action,next action,
		maßnahme,maßnahmen,aktion,folgemaßnahme,action corrective,actions correctives,action à mener,actions à mener,acción,acciones,acción correctiva,acciones correctivas,ação,ações,ação corretiva,item de ação,azione,azioni,azione correttiva,
		actie,acties,actiepunt,actiepunten,działanie,działania,akcja,opatření,åtgärd,åtgärder,tiltak,handling,toimenpide,aksiyon,aksiyonlar,hành động,tindakan,intézkedés,intézkedések,teendő,teendők,ενέργεια,ενέργειες,acțiune,acțiuni,acció,accions,ukrep,ukrepi,الإجراء,إجراء,الإجراءات,פעולה,การดำเนินการ,कार्रवाई,действие,действия,мера,меры,мероприятие,дія,захід,
		アクション,アクションアイテム,アクション項目,アクション内容,対応策,改善策,再発防止策,行动项,行动,措施,改进措施,改进项,整改措施,行動項目,改善措施,行动计划,后续行动,后续措施,액션 아이템,액션,조치,조치 사항,조치사항,후속 조치,개선 사항`,
	maybeField: `item,items,task,tasks,follow-up,follow up,followup,follow-ups,followups,what,todo,to do,to-do,description,summary,title,name,improvement,improvements,recommendation,recommendations,measure,measures,remediation,mitigation,work item,work items,deliverable,step,steps,subject,work,countermeasure,solution,fix,change,activity,capa,
		aufgabe,aufgaben,beschreibung,titel,was,verbesserung,tâche,tâches,description de l'action,mesure,mesures,quoi,tarea,tareas,descripción,descripcion,título,titulo,qué,medida,medidas,mejora,tarefa,tarefas,descrição,descricao,o que,melhoria,
		attività,descrizione,titolo,misura,cosa,taak,taken,omschrijving,beschrijving,wat,maatregel,zadanie,zadania,opis,co,úkol,popis,uppgift,beskrivning,oppgave,opgave,tehtävä,kuvaus,görev,açıklama,công việc,mô tả,tugas,deskripsi,feladat,leírás,περιγραφή,descriere,măsură,tasca,descripció,opis zadatka,المهمة,الوصف,משימה,задача,задачи,описание,что,что сделать,завдання,опис,
		対策,内容,タスク,項目,作業内容,対応内容,対応,施策,概要,やること,任务,内容描述,事项,描述,改进点,改进,待办,待办事项,任務,事項,項目內容,작업,내용,할 일,할일,설명,항목,과제`,
	textField: `details,detail,notes,note,comment,comments,rationale,context,remarks,acceptance criteria,備考,备注,비고,примечание,комментарий,bemerkung,bemerkungen,kommentar,commentaire,commentaires,comentarios,comentario,observaciones,observações,opmerkingen,uwagi,note aggiuntive`,
	ownerField: `owner,owners,owner(s),who,assignee,assignees,assigned,assigned to,assigned team,responsible,resp,resp.,responsible person,responsible party,responsible team,responsibility,dri,team,lead,owned by,action owner,owner name,owning team,accountable,point of contact,poc,by whom,person,champion,driver,implementer,
		verantwortlich,verantwortliche,verantwortlicher,verantwortlichkeit,zuständig,zuständigkeit,wer,bearbeiter,responsable,responsables,propriétaire,pilote,porteur,qui,assigné à,attribué à,encargado,encargada,propietario,dueño,quién,asignado,asignado a,equipo,responsável,responsáveis,dono,quem,atribuído a,equipe,
		responsabile,responsabili,assegnatario,chi,proprietario,assegnato a,verantwoordelijke,verantwoordelijk,eigenaar,wie,actiehouder,toegewezen aan,odpowiedzialny,odpowiedzialna,osoba odpowiedzialna,właściciel,kto,zodpovědný,zodpovídá,vlastník,ansvarig,ägare,ansvarlig,eier,ejer,vastuuhenkilö,omistaja,vastuu,
		sorumlu,sahibi,người phụ trách,người chịu trách nhiệm,phụ trách,penanggung jawab,pic,felelős,felelősök,υπεύθυνος,υπεύθυνη,υπεύθυνοι,responsabil,responsabilă,responsabili,encarregat,encarregada,odgovoran,odgovorna,odgovorna osoba,zodpovedný,zodpovedná,отговорник,отговорен,vastutaja,atsakingas,atbildīgais,المسؤول,المسؤولة,الجهة المسؤولة,אחראי,ผู้รับผิดชอบ,जिम्मेदार,ответственный,ответственные,исполнитель,исполнители,владелец,кто,відповідальний,відповідальна,відповідальні,виконавець,担当,担当者,担当チーム,担当部署,責任者,オーナー,主担当,负责人,责任人,责任方,负责团队,跟进人,所有者,執行人,負責人,責任人,담당자,담당,책임자,담당 팀,오너`,
	priorityField: `priority,prio,prio.,pri,pri.,p,sev,severity,moscow,urgency,importance,priorität,dringlichkeit,priorité,prioridad,prioridade,priorità,prioriteit,priorytet,priorita,prioritet,prioriteetti,öncelik,ưu tiên,độ ưu tiên,prioritas,prioritás,προτεραιότητα,prioritate,prioritat,الأولوية,עדיפות,приоритет,пріоритет,優先度,優先順位,重要度,优先级,優先級,優先順序,우선순위,우선 순위,중요도,criticality,impact/priority`,
	typeField:     `type,types,kind,category,action type,classification,class,typ,kategorie,art,catégorie,type d'action,tipo,categoría,categoria,tipo de acción,tipo de ação,soort,categorie,kategoria,rodzaj,druh,kategori,tyyppi,luokka,tür,loại,jenis,típus,τύπος,النوع,тип,категория,вид,категорія,カテゴリ,カテゴリー,種別,種類,分類,タイプ,区分,类型,类别,分类,類型,類別,유형,분류,종류,구분`,
	dueField: `when,due,due date,due by,due on,deadline,eta,target,target date,target completion,by when,by,completion date,target completion date,expected date,expected completion,expected completion date,planned date,estimated completion,estimated date,delivery date,timeline,timeframe,time frame,when due,target release,target sprint,finish by,due-date,
		frist,fällig,fällig am,fälligkeit,fälligkeitsdatum,termin,bis,bis wann,zieldatum,stichtag,échéance,date d'échéance,date limite,date cible,pour le,délai,date butoir,quand,fecha límite,fecha limite,fecha de vencimiento,vencimiento,plazo,fecha objetivo,fecha de entrega,fecha compromiso,fecha,cuándo,prazo,data limite,data de vencimento,data de entrega,previsão,data,quando,
		scadenza,data di scadenza,entro,entro il,deadline datum,einddatum,streefdatum,vervaldatum,termijn,wanneer,data docelowa,do kiedy,termin realizacji,termín,do kdy,förfallodatum,klart senast,tidsfrist,senast,slutdatum,määräaika,eräpäivä,son tarih,bitiş tarihi,teslim tarihi,hạn,hạn chót,thời hạn,tenggat,tenggat waktu,batas waktu,határidő,esedékesség,προθεσμία,termen,termen limită,data limită,data límit,tähtaeg,terminas,termiņš,краен срок,الموعد النهائي,الموعد,تاريخ الاستحقاق,תאריך יעד,กำหนดเสร็จ,
		срок,сроки,дедлайн,срок исполнения,до,термін,термін виконання,строк,дедлайн до,期限,期限日,いつまで,いつまでに,期日,締切,締め切り,〆切,完了予定,完了予定日,完了期限,対応期限,予定日,実施時期,時期,截止日期,截止时间,截止,完成时间,完成日期,预计完成,预计完成时间,计划完成时间,到期日,截止日,完成期限,預計完成,기한,완료 기한,마감일,마감,완료 예정일,예정일,목표일,완료 목표,일정`,
	ticketField: `bug,bugs,ticket,tickets,ticket(s),issue,issues,jira,jira ticket,jira issue,jira link,jira key,github issue,github,gitlab issue,tracking,tracker,tracking issue,tracking ticket,tracking bug,tracked in,bug #,bug id,bug number,ticket #,ticket id,ticket number,ticket link,ticket url,issue #,issue id,issue link,issue number,issue url,link,links,url,pr,prs,pull request,linear,phabricator,task link,reference,ref,backlog item,work item link,story,
		ticketnummer,vorgang,lien,ticket associé,enlace,incidencia,chamado,tíquete,collegamento,odkaz,zgłoszenie,тикет,задача в jira,ссылка,チケット,チケット番号,課題,リンク,工单,工单号,链接,单号,問題單,티켓,이슈,링크`,
	statusField:  `status,state,done,done?,complete,completed,completed?,progress,current status,stand,zustand,fortschritt,erledigt,statut,état,avancement,estado,situação,situacao,progresso,stato,voortgang,stan,stav,tila,durum,trạng thái,állapot,státusz,κατάσταση,stare,stadiu,estat,الحالة,סטטוס,статус,состояние,стан,状態,ステータス,進捗,状況,対応状況,状态,进度,完成情况,狀態,進度,상태,진행 상황,진행상황,진행 상태`,
	serviceField: `service,services,component,components,system,systems,affected service,affected component,affected system,affected services,product,subsystem,application,dienst,komponente,system/komponente,servicio,servicios,componente,serviço,serviços,servizio,composant,usługa,komponent,сервис,компонент,サービス,対象サービス,コンポーネント,対象システム,服务,组件,服務,서비스,컴포넌트`,
	idField:      `#,id,no,no.,nr,nr.,n°,nº,num,number,action id,item #,item id,ref #,番号,编号,序号,項番,no,編號,번호,순번,номер,№,lp,lp.,№ п/п`,
	timeField:    `time,timestamp,date/time,date / time,datetime,date and time,at,hour,duration,start time,end time,uhrzeit,zeit,zeitpunkt,heure,horodatage,hora,ora,tijd,tijdstip,godzina,czas,čas,tid,tidspunkt,aika,saat,thời gian,időpont,idő,ώρα,oră,ora,الوقت,waktu,время,час,時刻,時間,日時,时间,時間點,시간,시각,일시`,
	dateField:    `date,datum,dato,päivämäärä,tarih,ngày,tanggal,дата,日付,日期,날짜`,
}

var wordFields = sync.OnceValue(func() map[string]field {
	m := map[string]field{}
	for f, list := range fieldWords {
		for w := range strings.SplitSeq(list, ",") {
			if w = strings.TrimSpace(w); w != "" {
				if have, ok := m[w]; !ok || f < have { // the same each time
					m[w] = f
				}
			}
		}
	}
	// Tools and hurried people leave the accents out: "echeance".
	plain := map[string]field{}
	for w, f := range m {
		if p := plainLetters(w); p != w && len(p) >= 5 {
			if have, ok := plain[p]; !ok || f < have {
				plain[p] = f
			}
		}
	}
	for p, f := range plain {
		if _, ok := m[p]; !ok {
			m[p] = f
		}
	}
	return m
})

// wordField is the field that a word or two name, without looking further.
func wordField(s string) field { return wordFields()[strings.Trim(fold(s), " :：*.?")] }

// headerField is the field of a column, by its header. Headers say more than
// keys: "Owner / team", "Type (prevent, detect)", "Target completion date".
func headerField(header string) field {
	h := strings.Trim(fold(header), " :：*.")
	if f, ok := wordFields()[h]; ok {
		return f
	}
	if i := strings.IndexAny(h, "(（["); i > 0 {
		h = h[:i]
	}
	h = strings.TrimFunc(h, func(r rune) bool {
		return strings.ContainsRune(" :*._-?!", r) || r > 0x2000 && r < 0x2e80 || r > 0x1f000
	})
	if f, ok := wordFields()[h]; ok {
		return f
	}
	for part := range strings.FieldsFuncSeq(h, func(r rune) bool { return strings.ContainsRune("/|,&+・／、", r) }) {
		if f, ok := wordFields()[strings.TrimSpace(part)]; ok {
			return f
		}
	}
	if types := strings.FieldsFunc(h, func(r rune) bool { return strings.ContainsRune("/|,& ", r) }); len(types) > 1 && len(types) <= 6 {
		all := true
		for _, w := range types {
			all = all && (isTypeWord(w) || w == "or")
		}
		if all { // "Corrective / preventive"
			return typeField
		}
	}
	if strings.Contains(h, "utc") {
		return timeField
	}
	list := strings.Fields(h)
	if len(list) == 0 || len(list) > 5 {
		return noField
	}
	// The last word says what it is, the others of what: "action owner".
	for _, w := range list {
		switch w {
		case "created", "opened", "raised", "reported", "closed", "added", "started", "start", "went", "why", "learned", "root", "taken", "before", "after", "reason", "impact":
			return noField
		}
	}
	last := list[len(list)-1]
	switch f := wordFields()[last]; f {
	case ownerField, priorityField, typeField, dueField, ticketField, statusField:
		return f
	case dateField:
		return dueField
	case titleField, maybeField:
		if strings.Contains(h, "action") || strings.Contains(h, "follow") || strings.Contains(h, "todo") {
			return titleField
		}
		return f
	case idField:
		if f := wordFields()[list[0]]; f == ticketField {
			return f
		}
	}
	switch f := wordFields()[list[0]]; f {
	case ownerField, priorityField, dueField, statusField, ticketField:
		if len(list) <= 3 {
			return f
		}
	case titleField:
		return f
	}
	return noField
}
